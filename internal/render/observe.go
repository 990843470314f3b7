// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

func accessLog(l *v1alpha1.AccessLog) *config.AccessLog {
	if l == nil || l.Enabled == nil || !*l.Enabled {
		return nil
	}
	return &config.AccessLog{
		Format:       config.LogFormat(l.Format),
		Sampling:     sampling(l.Sampling),
		SampleErrors: l.Errors == v1alpha1.AccessLogErrorsSampled,
	}
}

func tracing(t *v1alpha1.Tracing) *config.Tracing {
	if t == nil || t.Endpoint == "" || t.Enabled != nil && !*t.Enabled {
		return nil
	}
	c := &config.Tracing{
		Endpoint:    t.Endpoint,
		Protocol:    tracingProtocols[t.Protocol],
		Sampling:    sampling(t.Sampling),
		Restart:     t.ClientTraces == v1alpha1.ClientTracesRestart,
		ServiceName: t.ServiceName,
	}
	for _, a := range t.ResourceAttributes {
		c.Attributes = append(c.Attributes, config.Attribute{Name: a.Name, Value: a.Value})
	}
	return c
}

var tracingProtocols = map[v1alpha1.TracingProtocol]config.TracingProtocol{
	v1alpha1.TracingProtocolHTTP: config.TracingHTTP,
	v1alpha1.TracingProtocolGRPC: config.TracingGRPC,
}

func sampling(s *v1alpha1.Sampling) *config.Fraction {
	switch {
	case s == nil:
		return nil
	case s.Percent != nil:
		return &config.Fraction{Numerator: *s.Percent, Denominator: 100}
	case s.Fraction != nil:
		return fraction(s.Fraction.Numerator, s.Fraction.Denominator)
	}
	return nil
}

// fraction has the default of the Gateway API for the denominator.
func fraction(numerator int32, denominator *int32) *config.Fraction {
	f := &config.Fraction{Numerator: numerator, Denominator: 100}
	if denominator != nil {
		f.Denominator = *denominator
	}
	return f
}
