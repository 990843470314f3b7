// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

// filterCases are about what becomes of requests and responses on the way.
var filterCases = []testCase{
	{
		name: "HTTPRouteRedirectHostAndStatus",
		exchanges: []exchange{
			{url: "example.com/hostname", want: "302 http://example.org/hostname"},
			{url: "example.com/host-and-status?q=1", want: "301 http://example.org/host-and-status?q=1"},
		},
	},
	{name: "HTTPRoute303Redirect", exchanges: []exchange{{method: "POST", url: "example.com/redirect", want: "303 http://example.com/redirect"}}},
	{name: "HTTPRoute307Redirect", exchanges: []exchange{{method: "POST", url: "example.com/redirect", want: "307 http://example.com/redirect"}}},
	{name: "HTTPRoute308Redirect", exchanges: []exchange{{method: "POST", url: "example.com/redirect", want: "308 http://example.com/redirect"}}},
	{
		name: "HTTPRouteRedirectPath",
		exchanges: []exchange{
			{url: "example.com/original-prefix/lemon", want: "302 http://example.com/replacement-prefix/lemon"},
			{url: "example.com/full/path/original", want: "302 http://example.com/replacement-full"},
			{url: "example.com/path-and-host", want: "302 http://example.org/replacement-prefix"},
			{url: "example.com/path-and-status", want: "301 http://example.com/replacement-prefix"},
			{url: "example.com/full-path-and-host", want: "302 http://example.org/replacement-full"},
			{url: "example.com/full-path-and-status", want: "301 http://example.com/replacement-full"},
		},
	},
	{
		name: "HTTPRouteRedirectPort",
		exchanges: []exchange{
			{url: "example.com/port", want: "302 http://example.com:8083/port"},
			{url: "example.com/port-and-host", want: "302 http://example.org:8083/port-and-host"},
			{url: "example.com/port-and-status", want: "301 http://example.com:8083/port-and-status"},
			{url: "example.com/port-and-host-and-status", want: "302 http://example.org:8083/port-and-host-and-status"},
		},
	},
	{
		name: "HTTPRouteRedirectScheme",
		exchanges: []exchange{
			{url: "example.com/scheme", want: "302 https://example.com/scheme"},
			{url: "example.com:8080/scheme", want: "302 https://example.com/scheme"},
			{url: "example.com/scheme-and-host", want: "302 https://example.org/scheme-and-host"},
			{url: "example.com/scheme-and-status", want: "301 https://example.com/scheme-and-status"},
			{url: "example.com/scheme-and-host-and-status", want: "302 https://example.org/scheme-and-host-and-status"},
		},
	},
	{
		name:   "HTTPRouteRedirectPortAndScheme",
		status: overlapping("infra/https"),
		exchanges: []exchange{
			{url: "example.com/nil-nil", want: "302 http://example.org/nil-nil"},
			{url: "example.com/nil-80", want: "302 http://example.org/nil-80"},
			{url: "example.com/nil-8080", want: "302 http://example.org:8080/nil-8080"},
			{url: "example.com/https-nil", want: "302 https://example.org/https-nil"},
			{url: "example.com/https-443", want: "302 https://example.org/https-443"},
			{url: "example.com/https-8443", want: "302 https://example.org:8443/https-8443"},
			{to: "infra/on-8080:8080", url: "example.com/nil-nil", want: "302 http://example.org:8080/nil-nil"},
			{to: "infra/on-8080:8080", url: "example.com/nil-80", want: "302 http://example.org/nil-80"},
			{to: "infra/on-8080:8080", url: "example.com/https-nil", want: "302 https://example.org/https-nil"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/nil-nil", want: "302 https://example.org/nil-nil"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/nil-443", want: "302 https://example.org/nil-443"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/nil-8443", want: "302 https://example.org:8443/nil-8443"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/http-nil", want: "302 http://example.org/http-nil"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/http-80", want: "302 http://example.org/http-80"},
			{to: "infra/https:443", sni: "example.org", url: "example.org/http-8080", want: "302 http://example.org:8080/http-8080"},
		},
	},
	{name: "HTTPRouteRequestHeaderModifier", exchanges: requestModifiers},
	{name: "HTTPRouteBackendRequestHeaderModifier", exchanges: requestModifiers},
	{
		name: "HTTPRouteResponseHeaderModifier",
		exchanges: append(responseModifiers, exchange{
			url: "example.com/both", want: "v1",
			header: []string{
				"X-Header-Remove: remove-val", "X-Header-Add-Append: append-val-1", "X-Header-Echo: echo",
				setHeader + ": X-Header-Add-2: add-val-2", setHeader + ": X-Header-Remove-1: val", setHeader + ": X-Header-Echo: echo",
			},
			seen: []string{
				"X-Header-Add: header-val-1", "X-Header-Set: set-overwrites-values",
				"X-Header-Add-Append: append-val-1,header-val-2", "X-Header-Echo: echo", "-X-Header-Remove",
			},
			answer: []string{
				"X-Header-Set-1: header-set-1", "X-Header-Add-2: add-val-2,header-add-2", "X-Header-Echo: echo", "-X-Header-Remove-1",
			},
		}),
	},
	{
		name: "HTTPRouteRewriteHost",
		exchanges: []exchange{
			{url: "rewrite.example/one", want: "v1", seen: []string{"Host: one.example.org", ":path: /one"}},
			{url: "rewrite.example/two", want: "v2", seen: []string{"Host: example.org", ":path: /two"}},
			{
				url: "rewrite.example/rewrite-host-and-modify-headers", want: "v2", header: rewriteHeader,
				seen: append([]string{"Host: test.example.org", ":path: /rewrite-host-and-modify-headers"}, rewrittenHeader...),
			},
		},
	},
	{
		name: "HTTPRouteRewritePath",
		exchanges: []exchange{
			{url: "example.com/prefix/one/two", want: "v1", seen: []string{":path: /one/two", "Host: example.com"}},
			{url: "example.com/strip-prefix/three?q=1", want: "v1", seen: []string{":path: /three?q=1"}},
			{url: "example.com/strip-prefix", want: "v1", seen: []string{":path: /"}},
			{url: "example.com/full/one/two", want: "v1", seen: []string{":path: /one"}},
			{
				url: "example.com/full/and-headers/test", want: "v1", header: rewriteHeader,
				seen: append([]string{":path: /test"}, rewrittenHeader...),
			},
			{
				url: "example.com/prefix/and-headers/one", want: "v1", header: rewriteHeader,
				seen: append([]string{":path: /prefix/one"}, rewrittenHeader...),
			},
		},
	},
}

var (
	rewriteHeader   = []string{"X-Header-Remove: remove-val", "X-Header-Add-Append: append-val-1", "X-Header-Set: set-val"}
	rewrittenHeader = []string{
		"X-Header-Add: header-val-1", "X-Header-Add-Append: append-val-1,header-val-2",
		"X-Header-Set: set-overwrites-values", "-X-Header-Remove",
	}
)

// modification is a header before and after the filters of a path.
type modification struct {
	path          string
	before, after []string
}

var modifications = []modification{
	{"/set", []string{"Some-Other-Header: val"}, []string{"Some-Other-Header: val", "X-Header-Set: set-overwrites-values"}},
	{"/set", []string{"X-Header-Set: some-other-value"}, []string{"X-Header-Set: set-overwrites-values"}},
	{"/add", []string{"Some-Other-Header: val"}, []string{"Some-Other-Header: val", "X-Header-Add: add-appends-values"}},
	{"/add", []string{"X-Header-Add: some-other-value"}, []string{"X-Header-Add: some-other-value,add-appends-values"}},
	{"/remove", []string{"X-Header-Remove: val"}, []string{"-X-Header-Remove"}},
	{
		"/multiple",
		[]string{"X-Header-Set-2: set-val-2", "X-Header-Add-2: add-val-2", "X-Header-Remove-2: remove-val-2", "Another-Header: val"},
		[]string{
			"X-Header-Set-1: header-set-1", "X-Header-Set-2: header-set-2", "X-Header-Add-1: header-add-1",
			"X-Header-Add-2: add-val-2,header-add-2", "X-Header-Add-3: header-add-3", "Another-Header: val",
			"-X-Header-Remove-1", "-X-Header-Remove-2",
		},
	},
	{
		"/case-insensitivity",
		[]string{"x-header-set: original-val-set", "x-header-add: original-val-add", "x-header-remove: original-val-remove"},
		[]string{
			"X-Header-Set: header-set", "X-Header-Add: original-val-add,header-add", "X-Lowercase-Add: lowercase-add",
			"X-Mixedcase-Add-1: mixedcase-add-1", "-X-Header-Remove",
		},
	},
}

var requestModifiers = func() (exchanges []exchange) {
	for _, m := range modifications {
		exchanges = append(exchanges, exchange{url: "example.com" + m.path, header: m.before, want: "v1", seen: m.after})
	}
	return exchanges
}()

var responseModifiers = func() (exchanges []exchange) {
	for _, m := range modifications {
		e := exchange{url: "example.com" + m.path, want: "v1", answer: m.after}
		for _, field := range m.before {
			e.header = append(e.header, setHeader+": "+field)
		}
		exchanges = append(exchanges, e)
	}
	return exchanges
}()
