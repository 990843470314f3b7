// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// statusCases are about statuses alone.
var statusCases = []testCase{
	{
		name: "GatewayWithAttachedRoutes",
		status: map[string]string{
			"Gateway infra/one http attached":                "1",
			"Gateway infra/one http kinds":                   "HTTPRoute",
			"Gateway infra/two http attached":                "2",
			"Gateway infra/two http kinds":                   "HTTPRoute",
			"Gateway infra/unresolved tls kinds":             "HTTPRoute",
			"HTTPRoute infra/not-accepted two Accepted":      "False/NoMatchingListenerHostname",
			"Gateway infra/unresolved ResolvedRefs":          "False/ListenersNotResolved",
			"Gateway infra/unresolved tls attached":          "1",
			"Gateway infra/unresolved tls Programmed":        "False/Invalid",
			"Gateway infra/unresolved tls ResolvedRefs":      "False/InvalidCertificateRef",
			"HTTPRoute infra/r4 unresolved/tls ResolvedRefs": "False/BackendNotFound",
		},
	},
	{
		name: "GatewayWithAttachedRoutesWithPort8080",
		status: map[string]string{
			"Gateway infra/web unattached attached": "0", "Gateway infra/web http attached": "1",
		},
		exchanges: []exchange{
			{to: "infra/web:8080", url: "example.com/", want: "404"},
			{to: "infra/web:80", url: "example.com/", want: "v1"},
		},
	},
	{name: "GatewayOptionalAddressValue", status: map[string]string{"Gateway infra/web Programmed": "True/Programmed"}},
	{
		name: "GatewayObservedGenerationBump",
		then: []step{{what: "a new listener", change: func(s *snapshot.Snapshot) {
			for _, g := range s.Gateways {
				g.Spec.Listeners = append(g.Spec.Listeners, gwv1.Listener{Name: "alternate", Port: 8080, Protocol: gwv1.HTTPProtocolType})
				g.Generation++
			}
		}}},
	},
	{
		name:      "HTTPRouteObservedGenerationBump",
		exchanges: []exchange{{url: "example.com/", want: "v1"}},
		then: []step{{
			what: "another backend",
			change: func(s *snapshot.Snapshot) {
				s.HTTPRoutes[0].Spec.Rules[0].BackendRefs[0].Name = "v2"
				s.HTTPRoutes[0].Generation++
			},
			exchanges: []exchange{{url: "example.com/", want: "v2"}},
		}},
	},
}
