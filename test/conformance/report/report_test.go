// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"strings"
	"testing"

	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"

	"github.com/kubera-dev/kubera/test/conformance/report"
)

func TestSummarize(t *testing.T) {
	var out strings.Builder
	err := report.Summarize(&out, confv1.ConformanceReport{
		GatewayAPIVersion: "v1.6.3",
		GatewayAPIChannel: "experimental",
		ProfileReports: []confv1.ProfileReport{
			{
				Name: "GATEWAY-HTTP",
				Core: confv1.Status{Result: confv1.Success, Statistics: confv1.Statistics{Passed: 36}},
				Extended: &confv1.ExtendedStatus{
					Status:              confv1.Status{Result: confv1.Failure, Statistics: confv1.Statistics{Passed: 5, Failed: 1, Skipped: 2}, FailedTests: []string{"A"}},
					UnsupportedFeatures: []string{"F", "G"},
				},
			},
			{Name: "GATEWAY-TCP", Core: confv1.Status{Result: confv1.Failure, Statistics: confv1.Statistics{Failed: 1}, FailedTests: []string{"B"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `
Gateway API v1.6.3, experimental channel

PROFILE       LEVEL     RESULT   PASSED  FAILED  SKIPPED
GATEWAY-HTTP  core      success  36      0       0
GATEWAY-HTTP  extended  failure  5       1       2
GATEWAY-TCP   core      failure  0       1       0

GATEWAY-HTTP extended failed:
  A

GATEWAY-HTTP unsupported:
  F
  G

GATEWAY-TCP failed:
  B
`
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
}
