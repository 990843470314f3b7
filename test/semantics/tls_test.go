// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

var tlsListener = kindsOf("TLSRoute", "tls")

var tlsCases = []streamCase{
	{
		name: "TLSRouteSimpleSameNamespace",
		connections: []connection{
			{to: "infra/web:443", sni: "abc.example.com", want: "v1", certificate: "v1"},
			{to: "infra/web:443", sni: "ABC.example.com", want: "v1", certificate: "v1"},
			{to: "infra/web:443", sni: "other.example.com", want: closed},
			{to: "infra/web:443", sni: "-", want: closed},
		},
		status: tlsListener,
	},
	{
		name: "TLSRouteTerminateSimpleSameNamespace",
		connections: []connection{
			{to: "infra/web:443", sni: "abc.example.com", want: "v1", certificate: "gateway"},
			{to: "infra/web:443", sni: "other.example.com", want: closed},
		},
		status: tlsListener,
	},
	{
		// Beside an HTTPS listener of the same port.
		name: "TLSRouteMixedTerminationSameNamespace",
		connections: []connection{
			{to: "infra/web:443", sni: "pass.example.com", want: "v1", certificate: "v1"},
			{to: "infra/web:443", sni: "term.example.com", want: "v2", certificate: "gateway"},
			{to: "infra/web:443", sni: "example.org", want: closed},
		},
		status: with(kindsOf("TLSRoute", "pass", "term"),
			"Gateway infra/web pass OverlappingTLSConfig", "True/OverlappingHostnames",
			"Gateway infra/web term OverlappingTLSConfig", "True/OverlappingHostnames",
			"Gateway infra/web https OverlappingTLSConfig", "True/OverlappingHostnames"),
	},
	{
		name: "TLSRouteHostnameIntersection",
		connections: []connection{
			{to: "infra/web:443", sni: "abc.example.com", want: "v1"},
			{to: "infra/web:443", sni: "one.example.com", want: "v3"},
			{to: "infra/web:443", sni: "two.example.com", want: "v2"},
			{to: "infra/web:443", sni: "a.b.example.com", want: "v2"},
			{to: "infra/web:443", sni: "no.other.org", want: closed},
			{to: "infra/web:443", sni: "example.com", want: closed},
		},
		status: with(kindsOf("TLSRoute", "exact", "wildcard", "other"),
			"Gateway infra/web exact attached", "1", "Gateway infra/web wildcard attached", "2", "Gateway infra/web other attached", "0",
			"TLSRoute infra/none web/other Accepted", "False/NoMatchingListenerHostname",
			"Gateway infra/web exact OverlappingTLSConfig", "True/OverlappingHostnames",
			"Gateway infra/web wildcard OverlappingTLSConfig", "True/OverlappingHostnames"),
	},
	{
		name:        "TLSRouteInvalidBackendRefNonexistent",
		connections: []connection{{to: "infra/web:443", sni: "a.example.com", want: reset}},
		status: with(tlsListener,
			"TLSRoute infra/r web ResolvedRefs", "False/BackendNotFound", "TLSRoute infra/half web ResolvedRefs", "False/BackendNotFound"),
	},
	{
		name:        "TLSRouteInvalidBackendRefUnknownKind",
		connections: []connection{{to: "infra/web:443", sni: "a.example.com", want: reset}},
		status:      with(tlsListener, "TLSRoute infra/r web ResolvedRefs", "False/InvalidKind"),
	},
	{
		name:        "TLSRouteInvalidNoMatchingListener",
		connections: []connection{{to: "infra/web:443", sni: "a.example.com", want: closed}},
		status: with(tlsListener, "Gateway infra/web tls attached", "0", "Gateway infra/web http attached", "0",
			"TLSRoute infra/http web/http Accepted", "False/NotAllowedByListeners",
			"TLSRoute infra/section web/nowhere Accepted", "False/NoMatchingParent"),
	},
	{
		name: "TLSRouteInvalidNoMatchingListenerHostname",
		connections: []connection{
			{to: "infra/web:443", sni: "a.example.com", want: closed},
			{to: "infra/web:443", sni: "b.example.com", want: closed},
		},
		status: with(tlsListener, "Gateway infra/web tls attached", "0", "TLSRoute infra/r web Accepted", "False/NoMatchingListenerHostname"),
	},
	{
		name:        "TLSRouteInvalidReferenceGrant",
		connections: []connection{{to: "infra/web:443", sni: "a.example.com", want: reset}},
		status:      with(tlsListener, "TLSRoute infra/r web ResolvedRefs", "False/RefNotPermitted"),
	},
	{
		name: "TLSRouteListenerSupportedKinds",
		status: with(kindsOf("TLSRoute", "pass", "term"), "Gateway infra/web wrong kinds", "",
			"Gateway infra/web wrong ResolvedRefs", "False/InvalidRouteKinds", "Gateway infra/web ResolvedRefs", "False/ListenersNotResolved"),
	},
	{
		// BackendTLSPolicy is for what the gateway has terminated, and for TCPRoutes.
		name: "TLSRouteBackendTLSPolicy",
		connections: []connection{
			{to: "infra/web:443", sni: "term.example.com", want: "v1", certificate: "gateway"},
			{to: "infra/web:443", sni: "pass.example.com", want: "v1", certificate: "v1"},
			{to: "infra/web:9000", want: "v1"},
		},
		status: with(kindsOf("TLSRoute", "pass", "term"), "Gateway infra/web tcp kinds", "TCPRoute"),
	},
}
