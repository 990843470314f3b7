// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

// The header fields of the requests of pages.
const (
	fromFoo    = "Origin: https://www.foo.com"
	fromOther  = "Origin: https://other.foo.com"
	fromFoobar = "Origin: https://foobar.com"
	asksGet    = "Access-Control-Request-Method: GET"
	asksPut    = "Access-Control-Request-Method: PUT"
	asksPost   = "Access-Control-Request-Method: POST"
	asks1And2  = "Access-Control-Request-Headers: x-header-1, x-header-2"
)

// The header fields of responses to pages.
const (
	forFoo        = "Access-Control-Allow-Origin: https://www.foo.com"
	forNobody     = "-Access-Control-Allow-Origin"
	credentials   = "Access-Control-Allow-Credentials: true"
	noCredentials = "-Access-Control-Allow-Credentials"
)

// preflightOfRoute1 is a preflight that the first route allows to an origin.
func preflightOfRoute1(origin string) exchange {
	return exchange{
		method: "OPTIONS", url: "example.com/cors-1", header: []string{"Origin: " + origin, asksGet, asks1And2}, want: "204",
		answer: []string{
			"Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Methods: GET, OPTIONS",
			"Access-Control-Allow-Headers: x-header-1, x-header-2", "Access-Control-Expose-Headers: x-header-3, x-header-4",
			"Access-Control-Max-Age: 3600", credentials,
		},
	}
}

// corsCases are about requests of pages to other origins.
var corsCases = []testCase{
	{
		name: "HTTPRouteCORS",
		exchanges: []exchange{
			preflightOfRoute1("https://www.foo.com"),
			preflightOfRoute1("https://www.bar.com"),
			preflightOfRoute1("https://xpto.www.bar.com"),
			{method: "OPTIONS", url: "example.com/cors-1", header: []string{fromFoobar, asksGet}, want: "204", answer: []string{forNobody}},
			{url: "example.com/cors-1", header: []string{fromFoo, asksGet, asks1And2}, want: "v1", answer: []string{forFoo}},
			{
				url: "example.com/cors-1", header: []string{"Origin: https://www.bar.com", asksGet, asks1And2}, want: "v1",
				answer: []string{"Access-Control-Allow-Origin: https://www.bar.com"},
			},
			{url: "example.com/cors-1", header: []string{fromFoobar, asksGet}, want: "v1", answer: []string{forNobody}},
			{
				method: "OPTIONS", url: "example.com/cors-2", header: []string{fromFoo, asksPost}, want: "204",
				answer: []string{forFoo, "Access-Control-Allow-Methods: POST", noCredentials},
			},
			{
				method: "OPTIONS", url: "example.com/cors-wildcard-origin", header: []string{fromFoobar, asksPut}, want: "204",
				answer: []string{"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", noCredentials},
			},
			{
				method: "OPTIONS", url: "example.com/cors-wildcard-origin", header: []string{fromFoobar + ":12345", asksPut}, want: "204",
				answer: []string{"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT", noCredentials},
			},
			{
				method: "PUT", url: "example.com/cors-wildcard-origin", header: []string{fromFoobar + ":12345"}, want: "v1",
				answer: []string{"Access-Control-Allow-Origin: *"},
			},
			{
				method: "PUT", url: "example.com/cors-wildcard-origin", header: []string{fromFoobar}, want: "v1",
				answer: []string{"Access-Control-Allow-Origin: *", noCredentials},
			},
			{
				method: "OPTIONS", url: "example.com/cors-wildcard-methods-headers", header: []string{fromOther, asksPut, asks1And2}, want: "204",
				answer: []string{
					"Access-Control-Allow-Origin: https://other.foo.com", "Access-Control-Allow-Methods: PUT",
					"Access-Control-Allow-Headers: x-header-1, x-header-2", credentials,
				},
			},
			{
				method: "OPTIONS", url: "example.com/cors-wildcard-methods-headers-unauth", header: []string{fromOther, asksPut, asks1And2}, want: "204",
				answer: []string{
					"Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT",
					"Access-Control-Allow-Headers: x-header-1, x-header-2", noCredentials,
				},
			},
			{
				url: "example.com/cors-wildcard-methods-headers", header: []string{fromOther}, want: "v1",
				answer: []string{"Access-Control-Allow-Origin: https://other.foo.com", credentials},
			},
			{
				url: "example.com/cors-wildcard-methods-headers-unauth", header: []string{fromOther}, want: "v1",
				answer: []string{"Access-Control-Allow-Origin: *", noCredentials},
			},
		},
	},
	{
		// A preflight belongs to the rule of the request that comes after it. Ports that
		// go with the scheme need not be named. What the backend says does not count, and
		// caches learn that responses differ.
		name: "CORSMethods",
		exchanges: []exchange{
			{method: "OPTIONS", url: "example.com/api", header: []string{fromFoo, asksPost}, want: "204", answer: []string{forFoo, "Access-Control-Max-Age: 5"}},
			{method: "OPTIONS", url: "example.com/api", header: []string{fromFoo, asksPut}, want: "v2", answer: []string{forNobody}},
			{method: "OPTIONS", url: "example.com/api", header: []string{fromFoo}, want: "v2"},
			{
				method: "POST", url: "example.com/api", header: []string{fromFoo + ":443", setHeader + ": Access-Control-Allow-Origin: *"}, want: "v1",
				answer: []string{forFoo + ":443", "Vary: Origin"},
			},
			{
				method: "POST", url: "example.com/api", header: []string{setHeader + ": Access-Control-Allow-Origin: *"}, want: "v1",
				answer: []string{forNobody, "Vary: Origin"},
			},
			{method: "OPTIONS", url: "example.com/missing", header: []string{fromFoo, asksPost}, want: "204", answer: []string{forFoo}},
			{url: "example.com/missing", header: []string{fromFoo}, want: "500", answer: []string{forFoo}},
		},
		status: map[string]string{"HTTPRoute infra/r same-namespace ResolvedRefs": "False/BackendNotFound"},
	},
}
