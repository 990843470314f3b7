// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"flag"
	"regexp"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

// claim comes beside the flags of the suite, whose -run-test takes one name and
// forgets what the GatewayClass supports.
var claim = flag.String("claim", "", "claim the features of the tests whose names match this regular expression, wholly: for features in the making")

// TestConformance runs the suite as its flags say, with its own timeouts. Without
// -claim the features are those that the GatewayClass claims, and no others: nothing
// here knows of any.
func TestConformance(t *testing.T) {
	options := conformance.DefaultOptions(t)
	if *claim != "" {
		claimFor(t, &options, regexp.MustCompile("^(?:"+*claim+")$"))
	}
	conformance.RunConformanceWithOptions(t, options)
}

// claimFor turns on what the named tests need beside what the class claims.
func claimFor(t *testing.T, options *suite.ConformanceOptions, name *regexp.Regexp) {
	t.Helper()
	var class gwv1.GatewayClass
	if err := options.Client.Get(t.Context(), client.ObjectKey{Name: options.GatewayClassName}, &class); err != nil {
		t.Fatal(err)
	}
	for _, f := range class.Status.SupportedFeatures {
		options.SupportedFeatures = append(options.SupportedFeatures, features.FeatureName(f.Name))
	}
	named := 0
	for _, test := range tests.ConformanceTests {
		if name.MatchString(test.ShortName) {
			options.SupportedFeatures = append(options.SupportedFeatures, test.Features...)
			named++
		}
	}
	if named == 0 {
		t.Fatalf("no test is called %s", name)
	}
}
