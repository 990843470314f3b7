// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

// routeCases are about which listeners a route is attached to.
var routeCases = []testCase{
	{
		name:      "HTTPRouteSimpleSameNamespace",
		exchanges: []exchange{{url: "example.com/", want: "v1"}},
		status:    map[string]string{"Gateway infra/same-namespace http attached": "1", "HTTPRoute infra/r parents": "1"},
	},
	{
		name:      "HTTPRouteCrossNamespace",
		exchanges: []exchange{{to: "infra/backend-namespaces:80", url: "example.com/", want: "web"}},
		status:    map[string]string{"Gateway infra/backend-namespaces http attached": "1", "HTTPRoute web/r parents": "1"},
	},
	{
		name: "HTTPRouteMultipleGateways",
		exchanges: []exchange{
			{url: "example.com/shared", want: "v1"},
			{url: "example.com/", want: "v2"},
			{to: "infra/all-namespaces:80", url: "example.com/shared", want: "v1"},
			{to: "infra/all-namespaces:80", url: "example.com/", want: "v3"},
		},
		status: map[string]string{
			"HTTPRoute infra/shared parents":             "2",
			"Gateway infra/same-namespace http attached": "2", "Gateway infra/all-namespaces http attached": "2",
		},
	},
	{
		name: "HTTPRouteHostnameIntersection",
		exchanges: []exchange{
			{to: "infra/web:80", url: "very.specific.com/s1", want: "v1"},
			{to: "infra/web:80", url: "very.specific.com:1234/s1", want: "v1"},
			{to: "infra/web:80", url: "non.matching.com/s1", want: "404"},
			{to: "infra/web:80", url: "foo.nonmatchingwildcard.io/s1", want: "404"},
			{to: "infra/web:80", url: "foo.wildcard.io/s1", want: "404"},
			{to: "infra/web:80", url: "very.specific.com/non-matching-prefix", want: "404"},
			{to: "infra/web:80", url: "foo.wildcard.io/s2", want: "v2"},
			{to: "infra/web:80", url: "bar.wildcard.io/s2", want: "v2"},
			{to: "infra/web:80", url: "foo.bar.wildcard.io/s2", want: "v2"},
			{to: "infra/web:80", url: "baz.wildcard.io/s2", want: "404"},
			{to: "infra/web:80", url: "non.matching.com/s2", want: "404"},
			{to: "infra/web:80", url: "wildcard.io/s2", want: "404"},
			{to: "infra/web:80", url: "very.specific.com/s2", want: "404"},
			{to: "infra/web:80", url: "very.specific.com/s3", want: "v3"},
			{to: "infra/web:80", url: "non.matching.com/s3", want: "404"},
			{to: "infra/web:80", url: "foo.specific.com/s3", want: "404"},
			{to: "infra/web:80", url: "foo.wildcard.io/s3", want: "404"},
			{to: "infra/web:80", url: "foo.anotherwildcard.io/s4", want: "v1"},
			{to: "infra/web:80", url: "foo.bar.anotherwildcard.io/s4", want: "v1"},
			{to: "infra/web:80", url: "anotherwildcard.io/s4", want: "404"},
			{to: "infra/web:80", url: "foo.wildcard.io/s4", want: "404"},
			{to: "infra/web:80", url: "very.specific.com/s4", want: "404"},
			{to: "infra/web:80", url: "specific.but.wrong.com/s5", want: "404"},
			{to: "infra/web:80", url: "wildcard.io/s5", want: "404"},
			{to: "infra/all:80", url: "first.com/", want: "v2"},
			{to: "infra/all:80", url: "sub.first.com/", want: "v2"},
			{to: "infra/all:80", url: "second.com/", want: "v2"},
			{to: "infra/all:80", url: "sub.second.com/", want: "v2"},
			{to: "infra/all:80", url: "third.com/", want: "404"},
			{to: "infra/all:80", url: "sub.third.com/", want: "404"},
		},
		status: map[string]string{
			"HTTPRoute infra/s5 parents":      "1",
			"HTTPRoute infra/s5 web Accepted": "False/NoMatchingListenerHostname",
			"Gateway infra/web l1 attached":   "2",
			"Gateway infra/web l2 attached":   "1",
			"Gateway infra/web l3 attached":   "1",
			"Gateway infra/all l1 attached":   "1",
		},
	},
	rejected("HTTPRouteInvalidCrossNamespaceParentRef", "web/r", "same-namespace", "NotAllowedByListeners"),
	rejected("HTTPRouteInvalidParentRefNotMatchingListenerPort", "infra/r", "same-namespace", "NoMatchingParent"),
	rejected("HTTPRouteInvalidParentRefNotMatchingSectionName", "infra/r", "same-namespace/http1", "NoMatchingParent"),
	rejected("HTTPRouteInvalidParentRefSectionNameNotMatchingPort", "infra/r", "same-namespace/http", "NoMatchingParent"),
	{
		name: "HTTPRouteDisallowedKind",
		status: map[string]string{
			"HTTPRoute infra/r parents":                 "1",
			"HTTPRoute infra/r tlsroutes-only Accepted": "False/NotAllowedByListeners",
			"Gateway infra/tlsroutes-only tls attached": "0",
			"Gateway infra/tlsroutes-only tls kinds":    "TLSRoute",
		},
	},
}

// rejected is a case in which the Gateway serves no route.
func rejected(name, route, parent, reason string) testCase {
	return testCase{
		name:      name,
		exchanges: []exchange{{url: "example.com/", want: "404"}},
		status: map[string]string{
			"HTTPRoute " + route + " parents":                 "1",
			"HTTPRoute " + route + " " + parent + " Accepted": "False/" + reason,
			"Gateway infra/same-namespace http attached":      "0",
		},
	}
}
