// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// call is an exchange with a gRPC server. The path is that of a method:
// "example.com/a.B/Get".
func call(url, want string, header ...string) exchange {
	return exchange{h2: true, method: http.MethodPost, url: url, want: want, header: append([]string{"Content-Type: application/grpc"}, header...)}
}

// at sends the exchange to another listener.
func (e exchange) at(to, sni string) exchange {
	e.to, e.sni = to, sni
	return e
}

// The statuses of gRPC that the gateway answers with.
const (
	deadlineExceeded = "grpc 4"
	unimplemented    = "grpc 12"
	unavailable      = "grpc 14"
)

var grpcCases = []testCase{
	{
		name: "GRPCExactMethodMatching",
		exchanges: []exchange{
			call("example.com/echo.Echo/One", "v1"),
			call("example.com/echo.Echo/Two", "v2"),
			call("example.com/echo.Echo/Three", unimplemented),
			call("example.com/echo.Echo/one", unimplemented),
			call("example.com/echo.Echo/One/", unimplemented),
			// Who does not speak gRPC is answered with a status of HTTP.
			{url: "example.com/echo.Echo/Three", want: "404"},
		},
	},
	{
		name: "GRPCRouteHeaderMatching",
		exchanges: []exchange{
			call("example.com/echo.Echo/One", "v1", "Version: one"),
			call("example.com/echo.Echo/One", "v2", "Version: two"),
			call("example.com/echo.Echo/One", "v1", "Version: two", "Color: orange"),
			call("example.com/echo.Echo/One", "v3", "Color: blue"),
			call("example.com/echo.Echo/One", "v3", "Color: green"),
			call("example.com/echo.Echo/One", unimplemented, "Color: purple"),
			call("example.com/echo.Echo/One", unimplemented),
		},
	},
	{
		name: "GRPCRouteListenerHostnameMatching",
		exchanges: []exchange{
			call("bar.com/echo.Echo/One", "v1").at("infra/names:80", ""),
			call("foo.bar.com/echo.Echo/One", "v2").at("infra/names:80", ""),
			call("baz.bar.com/echo.Echo/One", "v3").at("infra/names:80", ""),
			call("a.b.bar.com/echo.Echo/One", "v3").at("infra/names:80", ""),
			call("x.foo.com/echo.Echo/One", "v3").at("infra/names:80", ""),
			call("foo.com/echo.Echo/One", unimplemented).at("infra/names:80", ""),
			call("other.org/echo.Echo/One", unimplemented).at("infra/names:80", ""),
		},
		status: map[string]string{"Gateway infra/names four attached": "1"},
	},
	{
		name: "GRPCRouteNamedRule",
		exchanges: []exchange{
			call("example.com/echo.Echo/One", "v1"),
			call("example.com/echo.Echo/Two", "v2"),
		},
	},
	{
		// GRPCRouteRule.Matches: the most characters of the service, then of the method,
		// then the most headers; and what has neither.
		name: "GRPCRouteMatchPrecedence",
		exchanges: []exchange{
			call("example.com/echo.Echo/One", "v1"),
			call("example.com/echo.Echo/Other", "v2"),
			call("example.com/other.Echo/One", "v3"),
			call("example.com/other.Echo/Other", "v1"),
			call("example.com/echo.Echo/One", "v2", "A: 1"),
			call("example.com/regex.Echo7/One", "v2"),
			call("example.com/regex.Echos/One", "v3"),
			call("example.com/regex.Echo7/Other", "v1"),
		},
	},
	{
		// GRPCRouteRule.BackendRefs: UNAVAILABLE for what can't be reached, in its share.
		name: "GRPCRouteFailures",
		exchanges: []exchange{
			call("example.com/half.Echo/One", "v1"),
			call("example.com/half.Echo/One", unavailable),
			call("example.com/half.Echo/One", "v1"),
			call("example.com/half.Echo/One", unavailable),
			call("example.com/none.Echo/One", unavailable),
			call("example.com/endpoints.Echo/One", unavailable),
			call("example.com/filter.Echo/One", unavailable),
			call("example.com/echo.Echo/One", deadlineExceeded, "Grpc-Timeout: 100m", delayHeader+": 20s"),
			call("example.com/echo.Echo/One", "v1", "Grpc-Timeout: 1M"),
		},
		status: map[string]string{"GRPCRoute infra/r same-namespace ResolvedRefs": "False/BackendNotFound"},
	},
	{
		// All filters of the rule, and those of the backendRef.
		name: "GRPCRouteFilters",
		exchanges: []exchange{{
			h2: true, method: http.MethodPost, url: "example.com/echo.Echo/One", want: "v1",
			header: []string{"Content-Type: application/grpc", "Drop: it"},
			seen:   []string{"Set: 1", "-Drop", "Of-Backend: v1"}, answer: []string{"Added: 2"},
		}},
	},
	{
		// GRPCRoute: HTTPS by ALPN, beside an HTTPRoute with another hostname on the
		// same listener, and an HTTPRoute that came too late for its hostname.
		name: "GRPCRouteHTTPSListener",
		exchanges: []exchange{
			call("grpc.example.org/echo.Echo/One", "v1").at("infra/both:443", "grpc.example.org"),
			{to: "infra/both:443", sni: "http.example.org", url: "http.example.org/", want: "v2"},
			{to: "infra/both:443", sni: "grpc.example.org", url: "grpc.example.org/late", want: "v1"},
		},
		status: map[string]string{
			"HTTPRoute infra/late both Accepted": "False/HostnameConflict",
			"Gateway infra/both https attached":  "2",
		},
		then: []step{{
			what: "end of the GRPCRoute",
			change: func(s *snapshot.Snapshot) {
				s.GRPCRoutes = slices.DeleteFunc(s.GRPCRoutes, func(r *gwv1.GRPCRoute) bool { return r.Name == "early" })
			},
			exchanges: []exchange{{to: "infra/both:443", sni: "grpc.example.org", url: "grpc.example.org/late", want: "v3"}},
			status:    map[string]string{"Gateway infra/both https attached": "2"},
		}},
	},
}

// TestGRPCRouteWeight counts the answers of each backend.
func TestGRPCRouteWeight(t *testing.T) {
	s := newSite(t)
	plane := newDataPlane(t)
	objects := s.read(t, "GRPCRouteWeight").Snapshot
	factsOf(t, objects, plane.serve(t, objects)).check(t, nil)
	got, want := map[string]int{}, map[string]int{"v1": 350, "v2": 150}
	for range 500 {
		got[plane.ask(t, call("example.com/echo.Echo/One", "")).Backend]++
	}
	if !maps.EqualFunc(got, want, func(a, b int) bool { return a-b <= 25 && b-a <= 25 }) {
		t.Errorf("%v, want about %v", got, want)
	}
}
