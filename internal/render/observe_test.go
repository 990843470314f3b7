// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
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

func percent(n int32) *v1alpha1.Sampling { return &v1alpha1.Sampling{Percent: &n} }
