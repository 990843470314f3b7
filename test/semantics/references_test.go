// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"maps"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// referenceCases are about references that hold and that don't.
var referenceCases = []testCase{
	unresolved("HTTPRouteInvalidBackendRefUnknownKind", "InvalidKind"),
	unresolved("HTTPRouteInvalidCrossNamespaceBackendRef", "RefNotPermitted"),
	unresolved("HTTPRouteInvalidNonExistentBackendRef", "BackendNotFound"),
	unresolved("HTTPRouteInvalidReferenceGrant", "RefNotPermitted"),
	{
		name:      "HTTPRouteReferenceGrant",
		exchanges: []exchange{{url: "example.com/", want: "web"}},
		then: []step{{
			what:      "deletion of the grant",
			change:    func(s *snapshot.Snapshot) { s.ReferenceGrants = nil },
			exchanges: []exchange{{url: "example.com/", want: "500"}},
			status:    map[string]string{"HTTPRoute infra/r same-namespace ResolvedRefs": "False/RefNotPermitted"},
		}},
	},
	{
		name: "HTTPRoutePartiallyInvalidViaInvalidReferenceGrant",
		exchanges: []exchange{
			{url: "example.com/v2", want: "500"},
			{url: "example.com/", want: "app-v1"},
		},
		status: map[string]string{"HTTPRoute infra/r same-namespace ResolvedRefs": "False/RefNotPermitted"},
	},
	{
		name: "HTTPRouteOmittedBackendRefs",
		exchanges: []exchange{
			{url: "example.com/forward", want: "v1"},
			{url: "example.com/omitted", want: "500"},
			{url: "example.com/empty", want: "500"},
		},
	},
	{
		name: "GatewayInvalidTLSConfiguration",
		status: merge(
			badCertificate("nonexistent-secret", "InvalidCertificateRef"), badCertificate("unsupported-group", "InvalidCertificateRef"),
			badCertificate("unsupported-kind", "InvalidCertificateRef"), badCertificate("malformed-secret", "InvalidCertificateRef"),
		),
	},
	{name: "GatewaySecretMissingReferenceGrant", status: badCertificate("missing-grant", "RefNotPermitted")},
	{name: "GatewaySecretInvalidReferenceGrant", status: badCertificate("invalid-grant", "RefNotPermitted")},
	{
		name:      "GatewaySecretReferenceGrantAllInNamespace",
		exchanges: []exchange{{to: "infra/grant:443", sni: "example.org", url: "example.org/", want: "404"}},
		status:    map[string]string{"Gateway infra/grant https attached": "0"},
	},
	{
		name:      "GatewaySecretReferenceGrantSpecific",
		exchanges: []exchange{{to: "infra/grant:443", sni: "example.org", url: "example.org/", want: "404"}},
		status:    map[string]string{"Gateway infra/grant https attached": "0"},
	},
}

// unresolved is a case with a route whose only backend can't be used: it is
// accepted nevertheless, and answers 500.
func unresolved(name, reason string) testCase {
	return testCase{
		name:      name,
		exchanges: []exchange{{url: "example.com/v2", want: "500"}},
		status: map[string]string{
			"HTTPRoute infra/r same-namespace ResolvedRefs": "False/" + reason,
			"Gateway infra/same-namespace http attached":    "1",
		},
	}
}

// badCertificate is what a Gateway says whose only listener has no certificate. The
// suite wants it to be Programmed all the same: the listener is not.
func badCertificate(gateway, reason string) map[string]string {
	who := "Gateway infra/" + gateway
	return map[string]string{
		who + " ResolvedRefs":       "False/ListenersNotResolved",
		who + " https ResolvedRefs": "False/" + reason,
		who + " https Programmed":   "False/Invalid",
		who + " https attached":     "0",
	}
}

func merge(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	return merged
}
