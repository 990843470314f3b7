// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

// listenerSetCases are about listeners that ListenerSets add to a Gateway. What their
// statuses say of conflicts and grants is in the golden files of package gatewayapi.
var listenerSetCases = []testCase{
	{
		name: "ListenerSetHTTPRouting",
		exchanges: []exchange{
			{to: "infra/sets:80", url: "gateway-1.com/all", want: "v1"},
			{to: "infra/sets:80", url: "gateway-2.com/all", want: "v1"},
			{to: "infra/sets:80", url: "one-1.com/all", want: "v1"},
			{to: "infra/sets:8080", url: "one-2.com/all", want: "v1"},
			{to: "infra/sets:80", url: "two-1.com/all", want: "v1"},

			{to: "infra/sets:80", url: "gateway-1.com/gateway", want: "v2"},
			{to: "infra/sets:80", url: "gateway-2.com/gateway", want: "v2"},
			{to: "infra/sets:80", url: "one-1.com/gateway", want: "404"},
			{to: "infra/sets:8080", url: "one-2.com/gateway", want: "404"},
			{to: "infra/sets:80", url: "two-1.com/gateway", want: "404"},

			{to: "infra/sets:80", url: "gateway-1.com/one", want: "404"},
			{to: "infra/sets:80", url: "one-1.com/one", want: "v2"},
			{to: "infra/sets:8080", url: "one-2.com/one", want: "v2"},
			{to: "infra/sets:80", url: "two-1.com/one", want: "404"},

			{to: "infra/sets:80", url: "gateway-1.com/section", want: "404"},
			{to: "infra/sets:80", url: "one-1.com/section", want: "v3"},
			{to: "infra/sets:8080", url: "one-2.com/section", want: "404"},
			{to: "infra/sets:80", url: "two-1.com/section", want: "404"},
		},
		status: map[string]string{
			"Gateway infra/sets sets":        "2",
			"Gateway infra/sets l1 attached": "2", "Gateway infra/sets l2 attached": "2",
			"ListenerSet infra/one l1 attached": "3", "ListenerSet infra/one l2 attached": "2",
			"ListenerSet infra/two l1 attached": "1",
			"HTTPRoute infra/all parents":       "3", "HTTPRoute infra/one parents": "1",
		},
	},
	{
		name: "ListenerSetAllowedRoutesNamespaces",
		exchanges: []exchange{
			{to: "infra/sets:80", url: "all.com/infra", want: "v1"},
			{to: "infra/sets:80", url: "all.com/app", want: "app-v1"},
			{to: "infra/sets:80", url: "same.com/infra", want: "404"},
			{to: "infra/sets:80", url: "same.com/app", want: "app-v1"},
			{to: "infra/sets:80", url: "same.com/to-same", want: "404"},
			{to: "infra/sets:80", url: "selector.com/infra", want: "v1"},
			{to: "infra/sets:80", url: "selector.com/app", want: "404"},
			{to: "infra/sets:80", url: "gateway.com/infra", want: "404"},
		},
		status: map[string]string{
			"Gateway infra/sets sets": "1", "Gateway infra/sets http attached": "0",
			"ListenerSet app/more all attached": "2", "ListenerSet app/more same attached": "1", "ListenerSet app/more selector attached": "1",
			"HTTPRoute infra/to-same more/same Accepted": "False/NotAllowedByListeners",
		},
	},
	{
		name: "ListenerSetDualParentRefIndependence",
		exchanges: []exchange{
			{to: "infra/sets:80", url: "more.com/", want: "v1"},
			{to: "infra/sets:80", url: "gateway.com/", want: "404"},
		},
		status: map[string]string{
			"Gateway infra/sets sets": "1", "Gateway infra/sets http attached": "0", "ListenerSet infra/more extra attached": "1",
			"HTTPRoute infra/dual parents":             "2",
			"HTTPRoute infra/dual sets/extra Accepted": "False/NoMatchingParent",
		},
	},
}
