// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

func TestAccessLog(t *testing.T) {
	for name, tc := range map[string]struct {
		log  v1alpha1.AccessLog
		want config.AccessLog
	}{
		"format":  {v1alpha1.AccessLog{Format: v1alpha1.AccessLogDetailed}, config.AccessLog{Format: config.LogDetailed}},
		"percent": {v1alpha1.AccessLog{Sampling: percent(0)}, config.AccessLog{Sampling: &config.Fraction{Numerator: 0, Denominator: 100}}},
		"fraction": {
			v1alpha1.AccessLog{Sampling: &v1alpha1.Sampling{Fraction: &gwv1.Fraction{Numerator: 1, Denominator: new(int32(1000))}}},
			config.AccessLog{Sampling: &config.Fraction{Numerator: 1, Denominator: 1000}},
		},
		"fraction of one hundred": {
			v1alpha1.AccessLog{Sampling: &v1alpha1.Sampling{Fraction: &gwv1.Fraction{Numerator: 1}}},
			config.AccessLog{Sampling: &config.Fraction{Numerator: 1, Denominator: 100}},
		},
		"errors":         {v1alpha1.AccessLog{Errors: v1alpha1.AccessLogErrorsAlways}, config.AccessLog{}},
		"sampled errors": {v1alpha1.AccessLog{Errors: v1alpha1.AccessLogErrorsSampled}, config.AccessLog{SampleErrors: true}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.log.Enabled = new(true)
			if diff := cmp.Diff(&tc.want, accessLog(&tc.log)); diff != "" {
				t.Error(diff)
			}
			tc.log.Enabled = nil
			if got := accessLog(&tc.log); got != nil {
				t.Errorf("it is off, and there is %v", got)
			}
		})
	}
}

func TestTracing(t *testing.T) {
	for name, tc := range map[string]struct {
		tracing *v1alpha1.Tracing
		want    *config.Tracing
	}{
		"none":                {nil, nil},
		"off":                 {&v1alpha1.Tracing{Enabled: new(false), Endpoint: "http://a"}, nil},
		"without a collector": {&v1alpha1.Tracing{Sampling: percent(1)}, nil},
		"on":                  {&v1alpha1.Tracing{Endpoint: "http://a"}, &config.Tracing{Endpoint: "http://a"}},
		"everything": {
			&v1alpha1.Tracing{
				Enabled: new(true), Endpoint: "http://a", Protocol: v1alpha1.TracingProtocolGRPC, Sampling: percent(5),
				ClientTraces: v1alpha1.ClientTracesRestart, ServiceName: "edge",
				ResourceAttributes: []v1alpha1.ResourceAttribute{{Name: "b", Value: "c"}},
			},
			&config.Tracing{
				Endpoint: "http://a", Protocol: config.TracingGRPC, Sampling: &config.Fraction{Numerator: 5, Denominator: 100},
				Restart: true, ServiceName: "edge", Attributes: []config.Attribute{{Name: "b", Value: "c"}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := model("web")
			g.Parameters.Proxy = &v1alpha1.ProxyParameters{Tracing: tc.tracing}
			if diff := cmp.Diff(tc.want, Config([]*gatewayapi.Gateway{g}, Options{}).Gateways[0].Tracing); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func percent(n int32) *v1alpha1.Sampling { return &v1alpha1.Sampling{Percent: &n} }
