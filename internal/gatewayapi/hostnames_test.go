// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestIntersect(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"", "example.com", true},
		{"", "*.example.com", true},
		{"example.com", "example.com", true},
		{"example.com", "www.example.com", false},
		{"*.example.com", "www.example.com", true},
		{"*.example.com", "a.b.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "badexample.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "*.example.com", true},
		{"*.example.com", "*.www.example.com", true},
		{"*.example.com", "*.com", true},
		{"*.example.com", "*.example.org", false},
		{"*.a.example.com", "*.b.example.com", false},
		{"*.example.com", "*.badexample.com", false},
	} {
		if got := intersect(tc.a, tc.b); got != tc.want {
			t.Errorf("intersect(%q, %q) = %t", tc.a, tc.b, got)
		}
		if got := intersect(tc.b, tc.a); got != tc.want {
			t.Errorf("intersect(%q, %q) = %t, unlike the other way round", tc.b, tc.a, got)
		}
	}
}

func TestIntersecting(t *testing.T) {
	for _, tc := range []struct {
		name     string
		listener string
		route    []gwv1.Hostname
		want     []string
		ok       bool
	}{
		{"none at the route", "example.com", nil, nil, true},
		{"none at the listener", "", []gwv1.Hostname{"b.example.com", "a.example.com"}, []string{"b.example.com", "a.example.com"}, true},
		{"some", "*.example.com", []gwv1.Hostname{"example.com", "a.example.com", "*.com"}, []string{"a.example.com", "*.com"}, true},
		{"no intersection", "a.example.com", []gwv1.Hostname{"b.example.com"}, nil, false},
		{"case and repetition", "a.example.com", []gwv1.Hostname{"A.example.com", "a.example.com"}, []string{"a.example.com"}, true},
		{"not a hostname", "", []gwv1.Hostname{"a b", "*", "*.*.com", "a..b"}, nil, false},
		{"addresses", "", []gwv1.Hostname{"192.0.2.1", "192.0.2.1.example.com"}, []string{"192.0.2.1.example.com"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := intersecting(tc.listener, tc.route)
			if diff := cmp.Diff(tc.want, got); diff != "" || ok != tc.ok {
				t.Errorf("ok = %t, hostnames differ (-want +got):\n%s", ok, diff)
			}
		})
	}
}
