// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"slices"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// listenerCases are about which listener takes a request, and what listeners say.
var listenerCases = []testCase{
	{
		name:      "GatewayHTTPListenerIsolation",
		exchanges: slices.Concat(isolation("infra/isolation:80"), isolation("infra/isolation-hostnames:80")),
		status: map[string]string{
			"Gateway infra/isolation empty attached": "1", "Gateway infra/isolation-hostnames empty attached": "1",
			"Gateway infra/isolation abc-foo attached": "1", "Gateway infra/isolation-hostnames abc-foo attached": "1",
		},
	},
	{
		name: "HTTPRouteListenerHostnameMatching",
		exchanges: []exchange{
			{to: "infra/web:80", url: "bar.com/", want: "v1"},
			{to: "infra/web:80", url: "foo.bar.com/", want: "v2"},
			{to: "infra/web:80", url: "baz.bar.com/", want: "v3"},
			{to: "infra/web:80", url: "boo.bar.com/", want: "v3"},
			{to: "infra/web:80", url: "multiple.prefixes.bar.com/", want: "v3"},
			{to: "infra/web:80", url: "multiple.prefixes.foo.com/", want: "v3"},
			{to: "infra/web:80", url: "foo.com/", want: "404"},
			{to: "infra/web:80", url: "no.matching.host/", want: "404"},
		},
	},
	{
		name: "HTTPRouteListenerPortMatching",
		exchanges: []exchange{
			{to: "infra/web:80", url: "foo.com/", want: "v1"},
			{to: "infra/web:8080", url: "foo.com:8080/", want: "v2"},
			{to: "infra/web:8080", url: "bar.com:8080/", want: "v2"},
			{to: "infra/web:8090", url: "foo.com:8090/", want: "v3"},
			{to: "infra/web:8090", url: "bar.com:8090/", want: "404"},
		},
		status: map[string]string{
			"Gateway infra/web l1 attached": "1", "Gateway infra/web l2 attached": "1", "Gateway infra/web l3 attached": "1",
			"Gateway infra/web l4 attached": "1", "Gateway infra/web l5 attached": "0",
		},
	},
	{
		name: "HTTPRouteHTTPSListener",
		exchanges: []exchange{
			{to: "infra/https:443", sni: "example.org", url: "example.org/", want: "v1"},
			{to: "infra/https:443", sni: "unknown-example.org", url: "unknown-example.org/", want: "404"},
			{to: "infra/https:443", sni: "second-example.org", url: "second-example.org/", want: "v2"},
		},
		status: overlapping("infra/https"),
	},
	{
		name:      "HTTPRouteHTTPSListenerDetectMisdirectedRequests",
		exchanges: misdirected,
		status:    overlapping("infra/https"),
	},
	{
		name: "GatewayListenerUnsupportedProtocol",
		status: map[string]string{
			"Gateway infra/only-unsupported Accepted":           "False/ListenersNotValid",
			"Gateway infra/only-unsupported Programmed":         "False/Invalid",
			"Gateway infra/only-unsupported invalid Accepted":   "False/UnsupportedProtocol",
			"Gateway infra/only-unsupported invalid Programmed": "False/Invalid",
			"Gateway infra/only-unsupported invalid kinds":      "",
			"Gateway infra/some-unsupported Accepted":           "True/ListenersNotValid",
			"Gateway infra/some-unsupported invalid Accepted":   "False/UnsupportedProtocol",
			"Gateway infra/some-unsupported invalid Programmed": "False/Invalid",
			"Gateway infra/some-unsupported invalid kinds":      "",
		},
		exchanges: []exchange{{to: "infra/some-unsupported:80", url: "example.com/", want: "404"}},
	},
	{
		name: "GatewayInvalidRouteKind",
		status: map[string]string{
			"Gateway infra/only-invalid ResolvedRefs":      "False/ListenersNotResolved",
			"Gateway infra/only-invalid http ResolvedRefs": "False/InvalidRouteKinds",
			"Gateway infra/only-invalid http kinds":        "",
			"Gateway infra/some-invalid ResolvedRefs":      "False/ListenersNotResolved",
			"Gateway infra/some-invalid http ResolvedRefs": "False/InvalidRouteKinds",
			"Gateway infra/some-invalid http kinds":        "HTTPRoute",
		},
	},
	{
		name: "GatewayModifyListeners",
		exchanges: []exchange{
			{to: "infra/add-listener:443", sni: "secure.test.com", url: "secure.test.com/", want: "v1"},
			{to: "infra/remove-listener:443", sni: "secure.test.com", url: "secure.test.com/", want: "v1"},
			{to: "infra/remove-listener:80", url: "example.com/", want: "v1"},
		},
		status: map[string]string{"Gateway infra/add-listener https attached": "1"},
		then: []step{{
			what: "modification", change: modifyListeners,
			exchanges: []exchange{
				{to: "infra/add-listener:443", sni: "secure.test.com", url: "secure.test.com/", want: "v1"},
				{to: "infra/add-listener:80", url: "data.test.com/", want: "v1"},
				{to: "infra/add-listener:80", url: "other.test.com/", want: "404"},
				{to: "infra/remove-listener:80", url: "example.com/", want: "v1"},
			},
			status: map[string]string{
				"Gateway infra/add-listener https attached":   "1",
				"Gateway infra/add-listener http attached":    "1",
				"Gateway infra/remove-listener http attached": "1",
			},
		}},
	},
}

// isolation asks with four hosts for each of the four paths: only the most specific
// listener's route may answer.
func isolation(gateway string) (exchanges []exchange) {
	hosts := map[string]string{
		"bar.com": "empty", "bar.example.com": "wildcard",
		"bar.foo.example.com": "wildcard-foo", "abc.foo.example.com": "abc-foo",
	}
	for host, own := range hosts {
		for _, listener := range hosts {
			e := exchange{to: gateway, url: host + "/" + listener, want: "404"}
			if listener == own {
				e.want = "v1"
			}
			exchanges = append(exchanges, e)
		}
	}
	return exchanges
}

// misdirected has the requests of GEP-3567: the listener that the host of a request
// belongs to must be that which the connection was made for.
var misdirected = func() (exchanges []exchange) {
	for _, row := range [][3]string{
		{"example.org", "example.org", "v1"},
		{"example.org", "second-example.org", "421"},
		{"example.org", "unknown-example.org", "404"},
		{"second-example.org", "second-example.org", "v2"},
		{"second-example.org", "example.org", "421"},
		{"second-example.org", "unknown-example.org", "421"},
		{"third-example.wildcard.org", "third-example.wildcard.org", "v3"},
		{"third-example.wildcard.org", "fith-example.wildcard.org", "v3"},
		{"third-example.wildcard.org", "fourth-example.wildcard.org", "421"},
		{"third-example.wildcard.org", "second-example.org", "421"},
		{"third-example.wildcard.org", "unknown-example.org", "421"},
		{"fourth-example.wildcard.org", "fourth-example.wildcard.org", "v1"},
		{"fourth-example.wildcard.org", "fith-example.wildcard.org", "421"},
		{"unknown-example.org", "example.org", "v1"},
		{"unknown-example.org", "unknown-example.org", "404"},
	} {
		for _, h2 := range []bool{false, true} {
			exchanges = append(exchanges, exchange{to: "infra/https:443", sni: row[0], h2: h2, url: row[1] + "/detect", want: row[2]})
		}
	}
	return exchanges
}()

// overlapping is what the listeners of the Gateway with HTTPS say of each other.
func overlapping(gateway string) map[string]string {
	status := map[string]string{}
	for _, l := range []string{"any", "exact", "wildcard", "below-wildcard"} {
		status["Gateway "+gateway+" "+l+" OverlappingTLSConfig"] = "True/OverlappingHostnames"
	}
	return status
}

func modifyListeners(s *snapshot.Snapshot) {
	for _, g := range s.Gateways {
		switch g.Name {
		case "add-listener":
			hostname := gwv1.Hostname("data.test.com")
			g.Spec.Listeners = append(g.Spec.Listeners, gwv1.Listener{
				Name: "http", Port: 80, Protocol: gwv1.HTTPProtocolType, Hostname: &hostname,
			})
			g.Generation++
		case "remove-listener":
			g.Spec.Listeners = g.Spec.Listeners[1:]
			g.Generation++
		}
	}
}
