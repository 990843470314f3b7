// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// sizes of the tables: what a lookup costs must not depend on them.
var sizes = []int{10, 5000}

// byHost is n routes, each with its own host.
func byHost(n int) []Rule[int] {
	rules := make([]Rule[int], n)
	for i := range rules {
		rules[i] = Rule[int]{
			Hostnames: []string{fmt.Sprintf("host-%d.example.com", i)},
			RouteID:   fmt.Sprint(i), Value: i, Matches: []config.Match{prefix("/api"), prefix("/")},
		}
	}
	return append(rules, Rule[int]{Hostnames: []string{"*.wild.example.com"}, Value: n})
}

// byPath is n routes on one host, each with its own path.
func byPath(n int) []Rule[int] {
	rules := make([]Rule[int], n)
	for i := range rules {
		rules[i] = Rule[int]{
			Hostnames: []string{"example.com"},
			RouteID:   fmt.Sprint(i), Value: i, Matches: []config.Match{prefix(fmt.Sprintf("/tenants/t-%d/api", i))},
		}
	}
	return rules
}

// byService is n routes on one host, each with its own gRPC service.
func byService(n int) []Rule[int] {
	rules := make([]Rule[int], n)
	for i := range rules {
		rules[i] = Rule[int]{
			Hostnames: []string{"example.com"},
			RouteID:   fmt.Sprint(i), Value: i, Matches: []config.Match{service(fmt.Sprintf("/tenant%d.v1.Things", i))},
		}
	}
	return rules
}

func benchmarkLookup(b *testing.B, rules []Rule[int], request Request, want int) {
	b.Helper()
	table, err := Compile(rules)
	if err != nil {
		b.Fatal(err)
	}
	r := &request
	b.ReportAllocs()
	for b.Loop() {
		if got, _ := table.Lookup(r); got.Value != want {
			b.Fatalf("got %d, want %d", got.Value, want)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			benchmarkLookup(b, byHost(n), get("/api/v1/things/7").to(fmt.Sprintf("host-%d.example.com", n-1)), n-1)
		})
		b.Run(fmt.Sprintf("wildcard=%d", n), func(b *testing.B) {
			benchmarkLookup(b, byHost(n), get("/api/v1/things/7").to("a.b.wild.example.com"), n)
		})
		b.Run(fmt.Sprintf("paths=%d", n), func(b *testing.B) {
			benchmarkLookup(b, byPath(n), get(fmt.Sprintf("/tenants/t-%d/api/v1/things/7", n-1)), n-1)
		})
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			benchmarkLookup(b, byService(n), get(fmt.Sprintf("/tenant%d.v1.Things/Get", n-1)), n-1)
		})
	}
}

func BenchmarkLookupQuery(b *testing.B) {
	table, err := Compile([]Rule[int]{
		{Value: 1, Matches: []config.Match{withQuery(withHeaders(prefix("/"), "x-canary", "yes"), "version", "2", "debug", "1")}},
		{Value: 2},
	})
	if err != nil {
		b.Fatal(err)
	}
	var r Request
	header := http.Header{"X-Canary": {"yes"}}
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		r.Host, r.Path, r.Method, r.Header, r.RawQuery = "example.com", "/", "GET", header, "page=7&version=2&debug=1"
		if got, _ := table.Lookup(&r); got.Value != 1 {
			b.Fatalf("got %+v", got)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	rules := byHost(5000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(rules); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	table, err := Compile(slices.Concat(byHost(100), byPath(100), byService(100)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Request{
		get("/api/v1").to("host-99.example.com"),
		get("/api/v1").to("a.b.wild.example.com"),
		get("/tenants/t-99/api/v1"),
		get("/tenant99.v1.Things/Get"),
		get("/").to("nowhere.example.org"),
	} {
		if n := testing.AllocsPerRun(100, func() { table.Lookup(&r) }); n != 0 {
			t.Errorf("%s%s: %v allocations", r.Host, r.Path, n)
		}
	}
}
