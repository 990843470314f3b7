// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

// matchCases are about which rule a request belongs to.
var matchCases = []testCase{
	{
		name: "HTTPRouteExactPathMatching",
		exchanges: []exchange{
			{url: "example.com/one", want: "v1"},
			{url: "example.com/two", want: "v2"},
			{url: "example.com/", want: "404"},
			{url: "example.com/one/example", want: "404"},
			{url: "example.com/two/", want: "404"},
			{url: "example.com/Two", want: "404"},
		},
	},
	{
		name: "HTTPRoutePathMatchOrder",
		exchanges: []exchange{
			{url: "example.com/match/exact/one", want: "v3"},
			{url: "example.com/match/exact", want: "v2"},
			{url: "example.com/match", want: "v1"},
			{url: "example.com/match/prefix/one/any", want: "v2"},
			{url: "example.com/match/prefix/any", want: "v1"},
			{url: "example.com/match/any", want: "v3"},
		},
	},
	{
		name: "HTTPRouteMatching",
		exchanges: []exchange{
			{url: "example.com/", want: "v1"},
			{url: "example.com/example", want: "v1"},
			{url: "example.com/", header: []string{"Version: one"}, want: "v1"},
			{url: "example.com/v2", want: "v2"},
			{url: "example.com/v2/example", want: "v2"},
			{url: "example.com/", header: []string{"Version: two"}, want: "v2"},
			{url: "example.com/v2/", want: "v2"},
			{url: "example.com/v2example", want: "v1"},
			{url: "example.com/foo/v2/example", want: "v1"},
		},
	},
	{
		name: "HTTPRouteMatchingAcrossRoutes",
		exchanges: []exchange{
			{url: "example.com/", want: "v1"},
			{url: "example.com/example", want: "v1"},
			{url: "example.net/example", want: "v1"},
			{url: "example.com/example", header: []string{"Version: one"}, want: "v1"},
			{url: "example.com/v2", want: "v2"},
			{url: "example.net/v2", want: "v1"},
			{url: "example.com/v2/example", want: "v2"},
			{url: "example.com/", header: []string{"Version: two"}, want: "v2"},
			{url: "example.org/", want: "404"},
		},
		status: map[string]string{"Gateway infra/same-namespace http attached": "2"},
	},
	{
		name: "HTTPRouteHeaderMatching",
		exchanges: []exchange{
			{url: "example.com/", header: []string{"Version: one"}, want: "v1"},
			{url: "example.com/", header: []string{"Version: two"}, want: "v2"},
			{url: "example.com/", header: []string{"Version: two", "Color: orange"}, want: "v1"},
			{url: "example.com/", header: []string{"Version: two", "Color: blue"}, want: "v2"},
			{url: "example.com/", header: []string{"Color: orange"}, want: "404"},
			{url: "example.com/", header: []string{"Some-Other-Header: one"}, want: "404"},
			{url: "example.com/", header: []string{"Color: blue"}, want: "v1"},
			{url: "example.com/", header: []string{"Color: green"}, want: "v1"},
			{url: "example.com/", header: []string{"Color: red"}, want: "v2"},
			{url: "example.com/", header: []string{"Color: yellow"}, want: "v2"},
			{url: "example.com/", header: []string{"Color: purple"}, want: "404"},
		},
	},
	{
		name: "HTTPRouteMethodMatching",
		exchanges: []exchange{
			{method: "POST", url: "example.com/", want: "v1"},
			{method: "GET", url: "example.com/", want: "v2"},
			{method: "HEAD", url: "example.com/", want: "404"},
			{method: "GET", url: "example.com/path1", want: "v1"},
			{method: "PUT", url: "example.com/", header: []string{"Version: one"}, want: "v2"},
			{method: "POST", url: "example.com/path2", header: []string{"Version: two"}, want: "v3"},
			{method: "PATCH", url: "example.com/path3", want: "v1"},
			{method: "DELETE", url: "example.com/path4", header: []string{"Version: three"}, want: "v1"},
			{method: "PUT", url: "example.com/", want: "404"},
			{method: "DELETE", url: "example.com/path4", want: "404"},
			{method: "PATCH", url: "example.com/path5", want: "v1"},
			{method: "PATCH", url: "example.com/", header: []string{"Version: four"}, want: "v2"},
		},
	},
	{
		name: "HTTPRouteQueryParamMatching",
		exchanges: []exchange{
			{url: "example.com/?animal=whale", want: "v1"},
			{url: "example.com/?animal=dolphin", want: "v2"},
			{url: "example.com/?animal=dolphin&color=blue", want: "v3"},
			{url: "example.com/?ANIMAL=Whale", want: "v3"},
			{url: "example.com/?animal=whale&otherparam=irrelevant", want: "v1"},
			{url: "example.com/?animal=dolphin&color=yellow", want: "v2"},
			{url: "example.com/?color=blue", want: "404"},
			{url: "example.com/?animal=dog", want: "404"},
			{url: "example.com/?animal=whaledolphin", want: "404"},
			{url: "example.com/", want: "404"},
			{url: "example.com/path1?animal=whale", want: "v1"},
			{url: "example.com/?animal=whale", header: []string{"Version: one"}, want: "v2"},
			{url: "example.com/path2?animal=whale", header: []string{"Version: two"}, want: "v3"},
			{url: "example.com/path3?animal=shark", want: "v1"},
			{url: "example.com/path4?animal=kraken", header: []string{"Version: three"}, want: "v1"},
			{url: "example.com/?animal=shark", want: "404"},
			{url: "example.com/path4?animal=kraken", want: "404"},
			{url: "example.com/path5?animal=hydra", want: "v1"},
			{url: "example.com/?animal=hydra", header: []string{"Version: four"}, want: "v3"},
		},
	},
	{
		name: "HTTPRouteNamedRule",
		exchanges: []exchange{
			{url: "example.com/named", want: "v1"},
			{url: "example.com/unnamed", want: "v2"},
		},
	},
}
