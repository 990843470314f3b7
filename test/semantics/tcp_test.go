// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

var tcpListeners = kindsOf("TCPRoute", "one", "two")

var tcpCases = []streamCase{
	{
		// The oldest takes the connections, and all are attached.
		name:        "TCPRouteMultipleRoutesAttachment",
		connections: []connection{{to: "infra/web:9000", want: "v2"}},
		status:      with(kindsOf("TCPRoute", "one"), "Gateway infra/web one attached", "2"),
	},
	{
		name:        "TCPRouteParentRefAttachAll",
		connections: []connection{{to: "infra/web:9000", want: "v1"}, {to: "infra/web:9001", want: "v1"}},
		status: with(tcpListeners, "Gateway infra/web one attached", "1", "Gateway infra/web two attached", "1",
			"Gateway infra/web http attached", "0"),
	},
	{
		name:        "TCPRouteParentRefPortAndSectionName",
		connections: []connection{{to: "infra/web:9000", want: "v1"}, {to: "infra/web:9001", want: "v2"}},
		status: with(tcpListeners, "Gateway infra/web one attached", "1", "Gateway infra/web two attached", "1",
			"TCPRoute infra/neither web/one Accepted", "False/NoMatchingParent"),
	},
	{
		name:        "TCPRouteInvalidBackendRefNonexistent",
		connections: []connection{{to: "infra/web:9000", want: reset}},
		status: with(tcpListeners, "TCPRoute infra/missing web/one ResolvedRefs", "False/BackendNotFound",
			"TCPRoute infra/half web/two ResolvedRefs", "False/BackendNotFound"),
	},
	{
		name:        "TCPRouteInvalidCrossNamespaceBackendRef",
		connections: []connection{{to: "infra/web:9000", want: reset}},
		status:      with(kindsOf("TCPRoute", "one"), "TCPRoute infra/cross web ResolvedRefs", "False/RefNotPermitted"),
	},
	{
		name:        "TCPRouteReferenceGrant",
		connections: []connection{{to: "infra/web:9000", want: "web"}},
		status:      kindsOf("TCPRoute", "one"),
	},
	{
		name:        "TCPRouteInvalidNonTCPListener",
		connections: []connection{{to: "infra/web:9000/udp", want: dropped}},
		status: with(kindsOf("UDPRoute", "one"), "Gateway infra/web http attached", "0", "Gateway infra/web one attached", "0",
			"TCPRoute infra/http web/http Accepted", "False/NotAllowedByListeners",
			"TCPRoute infra/udp web/one Accepted", "False/NotAllowedByListeners"),
	},
}
