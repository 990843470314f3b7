// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// defaultAttempts is that of Gateway API 1.7; before, it was up to implementations.
const defaultAttempts = 1

func compileRetry(spec *gwv1.HTTPRouteRetry) (*config.Retry, *problem) {
	const reason = gwv1.RouteReasonUnsupportedValue
	if spec == nil {
		return nil, nil
	}
	r := &config.Retry{Attempts: defaultAttempts}
	if spec.Attempts != nil {
		r.Attempts = *spec.Attempts
	}
	if r.Attempts < 0 {
		return nil, problemf(reason, "attempts: %d is negative", r.Attempts)
	}
	for i, code := range spec.Codes {
		if code < 400 || code > 599 {
			return nil, problemf(reason, "codes[%d]: %d is not from 400 to 599", i, code)
		}
		r.Codes = append(r.Codes, int(code))
	}
	backoff, err := parseDuration(spec.Backoff)
	if err != nil {
		return nil, problemf(reason, "backoff: %v", err)
	}
	r.Backoff = config.Duration(backoff)
	return r, nil
}
