// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// mirror compiles a filter that copies requests. A backendRef that can't be
// resolved "must be dropped from the Gateway" (HTTPRequestMirrorFilter.backendRef):
// it is reported, there is no filter, and the rule is served without it. So it is for
// a backend whose BackendTLSPolicy is not valid.
func (c *ruleCompiler) mirror(f *gwv1.HTTPRequestMirrorFilter, place string) (*config.Mirror, *Backend, *problem) {
	m, p := compileShare(f)
	if p != nil {
		return nil, nil, p.prefixed(place)
	}
	backend, p := c.backend(f.BackendRef)
	if p != nil {
		c.compiled.unresolved.add(p.prefixed(place + ".backendRef"))
	}
	if backend == nil {
		return nil, nil, nil
	}
	m.Backend = backend.ID()
	return m, backend, nil
}

// compileShare says which share of the requests is copied: "If neither field is
// specified, 100% of requests will be mirrored."
func compileShare(f *gwv1.HTTPRequestMirrorFilter) (*config.Mirror, *problem) {
	const reason = gwv1.RouteReasonUnsupportedValue
	switch {
	case f.Percent != nil && f.Fraction != nil:
		return nil, problemf(reason, "percent and fraction exclude each other")
	case f.Percent != nil:
		if *f.Percent < 0 || *f.Percent > 100 {
			return nil, problemf(reason, "percent: %d is not from 0 to 100", *f.Percent)
		}
		return &config.Mirror{Numerator: *f.Percent, Denominator: 100}, nil
	case f.Fraction == nil:
		return &config.Mirror{}, nil
	}
	m := &config.Mirror{Numerator: f.Fraction.Numerator, Denominator: 100}
	if f.Fraction.Denominator != nil {
		m.Denominator = *f.Fraction.Denominator
	}
	switch {
	case m.Denominator < 1:
		return nil, problemf(reason, "fraction: the denominator %d is not positive", m.Denominator)
	case m.Numerator < 0 || m.Numerator > m.Denominator:
		return nil, problemf(reason, "fraction: the numerator %d is not from 0 to the denominator %d", m.Numerator, m.Denominator)
	}
	return m, nil
}
