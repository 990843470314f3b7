// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import "github.com/kubera-dev/kubera/internal/snapshot"

// specCases are of what the API's documentation demands and the conformance suite
// does not ask for.
var specCases = []testCase{
	{
		// HTTPRouteSpec.Hostnames: the longest hostname that is no wildcard, then the
		// longest; a route whose rules don't match leaves the request to the next.
		name: "HostnamePrecedence",
		exchanges: []exchange{
			{url: "x.a.example.com/both", want: "v1"},
			{url: "x.a.example.com/wide", want: "v1"},
			{url: "y.a.example.com/both", want: "v3"},
			{url: "y.a.example.com/wide", want: "v2"},
			{url: "y.a.example.com/exact", want: "v1"},
			{url: "y.a.example.com/none", want: "404"},
			{url: "a.example.com/both", want: "v3"},
			{url: "b.example.com/both", want: "v2"},
			{url: "b.example.com/narrow", want: "404"},
			{url: "example.com/both", want: "v1"},
			// As v1.7 says it, "precedence" is by the routes' own hostnames, also where
			// all of them come to the same with the listener's.
			{to: "infra/one-host:80", url: "x.a.example.com/exact", want: "v1"},
			{to: "infra/one-host:80", url: "x.a.example.com/", want: "v3"},
			{to: "infra/one-host:80", url: "x.a.example.com/narrow", want: "v3"},
			{to: "infra/one-host:80", url: "x.a.example.com/wide", want: "v2"},
			{to: "infra/one-host:80", url: "x.a.example.com/none", want: "v1"},
			{to: "infra/one-host:80", url: "y.a.example.com/", want: "404"},
		},
		status: map[string]string{"Gateway infra/one-host http attached": "4"},
	},
	{
		// HTTPRouteRule.Matches: longer prefixes, methods, headers, query parameters,
		// older routes, lesser names, earlier rules, whether their backends exist or not.
		name: "MatchPrecedence",
		exchanges: []exchange{
			{url: "example.com/age", want: "v1"},
			{url: "example.com/name", want: "v3"},
			{url: "example.com/order", header: []string{"A: 1", "B: 2"}, want: "v2"},
			{url: "example.com/rules", want: "v2"},
			{url: "example.com/invalid", want: "500"},
			{url: "example.com/same?c=3&d=4", header: []string{"A: 1", "B: 2"}, want: "v2"},
			{url: "example.com/invalid-same", header: []string{"A: 1", "B: 2"}, want: "500"},
			{url: "example.com/rank?a=1&b=1&c=1", header: []string{"A: 1", "B: 1"}, want: "v2"},
			{method: "PUT", url: "example.com/rank?a=1&b=1&c=1", header: []string{"A: 1", "B: 1"}, want: "v1"},
			{method: "PUT", url: "example.com/rank?a=1&b=1&c=1", want: "v3"},
			{url: "example.com/rank/longer", header: []string{"A: 1", "B: 1"}, want: "v3"},
		},
		status: map[string]string{"HTTPRoute infra/rules same-namespace ResolvedRefs": "False/BackendNotFound"},
	},
	{
		// Paths may be percent-encoded. The first of several matches of one header
		// counts, and the first of several values of a query parameter.
		name: "MatchValues",
		exchanges: []exchange{
			{url: "example.com/caf%C3%A9", want: "v1", seen: []string{":path: /caf%C3%A9"}},
			{url: "example.com/c%61f%c3%a9", want: "v1"},
			{url: "example.com/caf%25C3%25A9", want: "404"},
			{url: "example.com/a%20b/%C3%A9?q=%20", want: "v2", seen: []string{":path: /c%20d/%C3%A9?q=%20"}},
			{url: "example.com/first?a=1", header: []string{"Version: one"}, want: "v3"},
			{url: "example.com/first?a=1&a=2", header: []string{"vErsion: one"}, want: "v3"},
			{url: "example.com/first?a=2&a=1", header: []string{"Version: one"}, want: "404"},
			{url: "example.com/first?A=1", header: []string{"Version: one"}, want: "404"},
			{url: "example.com/first?a=1", header: []string{"Version: two"}, want: "404"},
		},
	},
	{
		// The table of HTTPPathModifier.ReplacePrefixMatch.
		name: "ReplacePrefixMatch",
		exchanges: []exchange{
			{url: "a.example/foo/bar", want: "v1", seen: []string{":path: /xyz/bar"}},
			{url: "b.example/foo/bar", want: "v1", seen: []string{":path: /xyz/bar"}},
			{url: "c.example/foo/bar", want: "v1", seen: []string{":path: /xyz/bar"}},
			{url: "d.example/foo/bar", want: "v1", seen: []string{":path: /xyz/bar"}},
			{url: "a.example/foo", want: "v1", seen: []string{":path: /xyz"}},
			{url: "a.example/foo/", want: "v1", seen: []string{":path: /xyz/"}},
			{url: "e.example/foo/bar", want: "v1", seen: []string{":path: /bar"}},
			{url: "e.example/foo/", want: "v1", seen: []string{":path: /"}},
			{url: "e.example/foo", want: "v1", seen: []string{":path: /"}},
			{url: "f.example/foo/", want: "v1", seen: []string{":path: /"}},
			{url: "f.example/foo", want: "v1", seen: []string{":path: /"}},
			{url: "a.example/foobar", want: "404"},
		},
	},
	{
		// URLRewrite at a backendRef, "if and only if the request is being forwarded to the
		// backend defined here" (HTTPBackendRef.filters).
		name: "BackendRefRewrite",
		exchanges: []exchange{
			{url: "example.com/prefix/a?b", want: "v1", seen: []string{":path: /one/a?b", "Host: one.example"}},
			{url: "example.com/prefix/a?b", want: "v2", seen: []string{":path: /two?b", "Host: example.com"}},
			{url: "example.com/prefix/a?b", want: "v3", seen: []string{":path: /prefix/a?b", "Host: example.com"}},
		},
	},
	{
		// What can't be done is answered with 500, in its share of the requests.
		// The Host is sent on as it came.
		name: "Failures",
		exchanges: []exchange{
			{url: "example.com/half", want: "v1"},
			{url: "example.com/half", want: "500"},
			{url: "example.com/half", want: "v1"},
			{url: "example.com/half", want: "500"},
			{url: "example.com/zero", want: "500"},
			{url: "example.com/unresolved", want: "500"},
			{url: "example.com/unresolved-share", want: "500"},
			{url: "example.com/headers", want: "500"},
			{url: "Example.com:1234/host", want: "v1", seen: []string{"Host: Example.com:1234"}},
		},
		status: map[string]string{"HTTPRoute infra/r same-namespace ResolvedRefs": "False/BackendNotFound"},
	},
	{
		// "When a HTTPBackendRef refers to a Service that has no ready endpoints,
		// implementations SHOULD return a 503 for requests to that backend instead. If an
		// implementation chooses to do this, all of the above rules for 500 responses MUST
		// also apply for responses that return a 503" (HTTPRouteRule.BackendRefs).
		name: "NoEndpoints",
		exchanges: []exchange{
			{url: "example.com/none", want: "503"},
			{url: "example.com/not-ready", want: "503"},
			{url: "example.com/filtered", want: "503"},
			{url: "example.com/half", want: "v1"},
			{url: "example.com/half", want: "503"},
			{url: "example.com/half", want: "v1"},
			{url: "example.com/half", want: "503"},
		},
	},
	{
		// FrontendTLSValidation: clients of a port are verified by what is said of the port,
		// others by the default. Where there is nothing left to verify them by, nobody is let
		// in, however many there were before.
		name: "ClientCertificates",
		exchanges: []exchange{
			{to: "infra/web:443", sni: "example.com", certificate: "clients", url: "example.com/", want: "v1"},
			{to: "infra/web:443", sni: "example.com", certificate: "clients", h2: true, url: "example.com/", want: "v1"},
			{to: "infra/web:443", sni: "example.com", certificate: "strangers", url: "example.com/", want: refused},
			{to: "infra/web:443", sni: "example.com", url: "example.com/", want: refused},
			{to: "infra/web:8443", sni: "example.com", certificate: "clients", url: "example.com/", want: "v1"},
			{to: "infra/web:8443", sni: "example.com", certificate: "strangers", url: "example.com/", want: "v1"},
			{to: "infra/web:8443", sni: "example.com", url: "example.com/", want: "v1"},
			{to: "infra/web:9443", sni: "example.com", certificate: "clients", url: "example.com/", want: refused},
			{to: "infra/web:80", url: "example.com/", want: "v1"},
		},
		status: unverified("lost"),
		then: []step{{
			what: "the loss of the CA",
			change: func(s *snapshot.Snapshot) {
				for _, m := range s.ConfigMaps {
					m.Data = nil
				}
			},
			exchanges: []exchange{
				{to: "infra/web:443", sni: "example.com", certificate: "clients", url: "example.com/", want: refused},
				{to: "infra/web:8443", sni: "example.com", url: "example.com/", want: refused},
				{to: "infra/web:80", url: "example.com/", want: "v1"},
			},
			status: unverified("lost", "valid-only", "fallback"),
		}},
	},
	{
		// Listener.Hostname: 421 for the host of another listener, 404 for one of none.
		name: "MisdirectedRequests",
		exchanges: []exchange{
			{to: "infra/web:443", sni: "www.example.com", url: "www.example.com/", want: "v1"},
			{to: "infra/web:443", sni: "www.example.com", h2: true, url: "a.wild.example/", want: "421"},
			{to: "infra/web:443", sni: "www.example.com", h2: true, url: "wild.example/", want: "404"},
			{to: "infra/web:443", sni: "www.example.com", h2: true, url: "other.example/", want: "404"},
			{to: "infra/web:443", sni: "a.wild.example", h2: true, url: "b.c.wild.example/", want: "v2"},
			{to: "infra/web:443", sni: "a.wild.example", h2: true, url: "www.example.com/", want: "421"},
			{to: "infra/web:443", sni: "a.wild.example", url: "wild.example/", want: "404"},
			{to: "infra/web:8443", sni: "other.example", h2: true, url: "other.example/", want: "v3"},
			{to: "infra/web:8443", sni: "other.example", h2: true, url: "www.example.com/", want: "404"},
		},
	},
}

// unverified is the status of listeners that have lost what clients are verified by.
func unverified(listeners ...string) map[string]string {
	status := map[string]string{
		"Gateway infra/web Accepted":     "True/ListenersNotValid",
		"Gateway infra/web ResolvedRefs": "False/ListenersNotResolved",
	}
	for _, name := range listeners {
		status["Gateway infra/web "+name+" Accepted"] = "False/NoValidCACertificate"
		status["Gateway infra/web "+name+" Programmed"] = "False/Invalid"
		status["Gateway infra/web "+name+" ResolvedRefs"] = "False/InvalidCACertificateRef"
	}
	return status
}
