// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

var udpListeners = kindsOf("UDPRoute", "one", "two")

var udpCases = []streamCase{
	{
		name:        "UDPRouteMultipleRoutesAttachment",
		connections: []connection{{to: "infra/web:9000/udp", want: "v2"}},
		status:      with(kindsOf("UDPRoute", "one"), "Gateway infra/web one attached", "2"),
	},
	{
		name:        "UDPRouteParentRefAttachAll",
		connections: []connection{{to: "infra/web:9000/udp", want: "v1"}, {to: "infra/web:9001/udp", want: "v1"}},
		status: with(udpListeners, "Gateway infra/web one attached", "1", "Gateway infra/web two attached", "1",
			"Gateway infra/web http attached", "0"),
	},
	{
		name:        "UDPRouteParentRefPortAndSectionName",
		connections: []connection{{to: "infra/web:9000/udp", want: "v1"}, {to: "infra/web:9001/udp", want: "v2"}},
		status: with(udpListeners, "Gateway infra/web one attached", "1", "Gateway infra/web two attached", "1",
			"UDPRoute infra/neither web/one Accepted", "False/NoMatchingParent"),
	},
	{
		name:        "UDPRouteInvalidBackendRefNonexistent",
		connections: []connection{{to: "infra/web:9000/udp", want: dropped}},
		status: with(udpListeners, "UDPRoute infra/missing web/one ResolvedRefs", "False/BackendNotFound",
			"UDPRoute infra/half web/two ResolvedRefs", "False/BackendNotFound"),
	},
	{
		name:        "UDPRouteInvalidCrossNamespaceBackendRef",
		connections: []connection{{to: "infra/web:9000/udp", want: dropped}},
		status:      with(kindsOf("UDPRoute", "one"), "UDPRoute infra/cross web ResolvedRefs", "False/RefNotPermitted"),
	},
	{
		name:        "UDPRouteReferenceGrant",
		connections: []connection{{to: "infra/web:9000/udp", want: "web"}},
		status:      kindsOf("UDPRoute", "one"),
	},
	{
		name:        "UDPRouteNotAllowedByListeners",
		connections: []connection{{to: "infra/web:9000", want: closed}, {to: "infra/web:9000/udp", want: dropped}},
		status: with(kindsOf("UDPRoute", "kinds"), "Gateway infra/web one kinds", "TCPRoute",
			"Gateway infra/web one attached", "0", "Gateway infra/web kinds attached", "0",
			"UDPRoute infra/tcp web/one Accepted", "False/NotAllowedByListeners",
			"UDPRoute web/elsewhere web/kinds Accepted", "False/NotAllowedByListeners"),
	},
	{
		// One port of two protocols, and a route for each.
		name:        "UDPRouteBesideTCPRoute",
		connections: []connection{{to: "infra/web:53", want: "v1"}, {to: "infra/web:53/udp", want: "v2"}},
		status:      map[string]string{"Gateway infra/web tcp kinds": "TCPRoute", "Gateway infra/web udp kinds": "UDPRoute"},
	},
}
