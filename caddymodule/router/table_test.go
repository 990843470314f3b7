// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// on is a rule that is named after what it is for.
func on(value string, matches ...config.Match) Rule[string] {
	return Rule[string]{Value: value, RouteID: "HTTPRoute/default/r", Matches: matches}
}

func (r Rule[T]) forHosts(hostnames ...string) Rule[T] {
	r.Hostnames = hostnames
	return r
}

func exact(path string) config.Match {
	return config.Match{Path: &config.PathMatch{Type: config.Exact, Value: path}}
}

func prefix(path string) config.Match {
	return config.Match{Path: &config.PathMatch{Type: config.Prefix, Value: path}}
}

func regex(path string) config.Match {
	return config.Match{Path: &config.PathMatch{Type: config.Regex, Value: path}}
}

func service(path string) config.Match {
	return config.Match{Path: &config.PathMatch{Type: config.Service, Value: path}}
}

func withPrecedence(m config.Match, precedence int) config.Match {
	m.Path.Precedence = precedence
	return m
}

func withMethod(m config.Match, method string) config.Match {
	m.Method = method
	return m
}

func withHeaders(m config.Match, nameValues ...string) config.Match {
	for i := 0; i < len(nameValues); i += 2 {
		m.Headers = append(m.Headers, config.ValueMatch{Name: nameValues[i], Value: nameValues[i+1]})
	}
	return m
}

func withQuery(m config.Match, nameValues ...string) config.Match {
	for i := 0; i < len(nameValues); i += 2 {
		m.Query = append(m.Query, config.ValueMatch{Name: nameValues[i], Value: nameValues[i+1]})
	}
	return m
}

func get(path string) Request {
	path, query, _ := strings.Cut(path, "?")
	return Request{Host: "example.com", Path: path, RawQuery: query, Method: "GET", Header: http.Header{}}
}

func (r Request) to(host string) Request {
	r.Host = host
	return r
}

func (r Request) with(nameValues ...string) Request {
	for i := 0; i < len(nameValues); i += 2 {
		r.Header.Add(nameValues[i], nameValues[i+1])
	}
	return r
}

func TestLookup(t *testing.T) {
	t.Parallel()
	type want struct {
		request Request
		value   string
		prefix  string
	}
	for name, test := range map[string]struct {
		rules []Rule[string]
		want  []want
	}{
		"no rules": {want: []want{{request: get("/")}}},
		"a rule without matches takes all, as prefix /": {
			rules: []Rule[string]{on("all")},
			want:  []want{{get("/"), "all", "/"}, {get("/x/y"), "all", "/"}, {get("*"), "all", "/"}, {get(""), "all", "/"}},
		},
		"prefixes are compared by elements": {
			rules: []Rule[string]{on("v2", prefix("/v2")), on("v3", prefix("/v3/")), on("deep", prefix("/v2/a/b"))},
			want: []want{
				{get("/v2"), "v2", "/v2"}, {get("/v2/"), "v2", "/v2"}, {get("/v2/x"), "v2", "/v2"}, {get("/v2//"), "v2", "/v2"},
				{get("/v2example"), "", ""}, {get("/V2"), "", ""}, {get("/"), "", ""}, {get("//v2"), "", ""},
				{get("/v3"), "v3", "/v3"}, {get("/v3/x"), "v3", "/v3"}, {get("/v3x"), "", ""},
				{get("/v2/a"), "v2", "/v2"}, {get("/v2/a/bc"), "v2", "/v2"}, {get("/v2/a/b/"), "deep", "/v2/a/b"},
			},
		},
		"exact, then regex, then longest prefix": {
			rules: []Rule[string]{
				on("root", prefix("/")), on("short", prefix("/a")), on("long", prefix("/a/b")),
				on("regex", regex("/a/[bc]/.*")), on("exact", exact("/a/b/c")),
			},
			want: []want{
				{get("/a/b/c"), "exact", ""}, {get("/a/b/d"), "regex", ""}, {get("/a/b"), "long", "/a/b"},
				{get("/a/b/"), "regex", ""}, {get("/a/x"), "short", "/a"}, {get("/x"), "root", "/"},
			},
		},
		"exact, then service, then regex by precedence, then prefix": {
			rules: []Rule[string]{
				on("all", prefix("/")), on("shorter", withPrecedence(regex("/[^/]+/Get"), 1)),
				on("longer", withPrecedence(regex("/a\\.[CD]/.+"), 2)), on("service", service("/a.B")), on("exact", exact("/a.B/Get")),
				on("header", withHeaders(withPrecedence(regex("/a\\.[CD]/.+"), 1), "x", "1")),
			},
			want: []want{
				{get("/a.B/Get"), "exact", ""}, {get("/a.B/Set"), "service", ""}, {get("/a.C/Get"), "longer", ""},
				{get("/a.C/Get").with("x", "1"), "longer", ""}, {get("/a.E/Get"), "shorter", ""}, {get("/a.E/Set"), "all", "/"},
			},
		},
		"services are those of methods": {
			rules: []Rule[string]{on("service", service("/a.B")), on("canary", withHeaders(service("/a.B"), "x", "1")), on("other", service("/B")).forHosts("a.b")},
			want: []want{
				{get("/a.B/Get"), "service", ""}, {get("/a.B/Get").with("x", "1"), "canary", ""}, {get("/a.B/get.it"), "service", ""},
				{get("/a.B"), "", ""}, {get("/a.B/"), "", ""}, {get("/a.B/x/Get"), "", ""}, {get("/x/a.B/Get"), "", ""},
				{get("/A.b/Get"), "", ""}, {get("/a.BC/Get"), "", ""}, {get("//Get"), "", ""}, {get("Get"), "", ""}, {get(""), "", ""},
				{get("/a.B/Get").to("a.b"), "service", ""}, {get("/B/Get").to("a.b"), "other", ""},
			},
		},
		"exact ignores nothing": {
			rules: []Rule[string]{on("one", exact("/one")), on("slash", exact("/one/"))},
			want:  []want{{get("/one"), "one", ""}, {get("/one/"), "slash", ""}, {get("/One"), "", ""}, {get("/one/x"), "", ""}},
		},
		"regexes match the whole path": {
			rules: []Rule[string]{on("alt", regex("/a|/ab")), on("flags", regex("(?i)/CASE"))},
			want:  []want{{get("/ab"), "alt", ""}, {get("/abc"), "", ""}, {get("/x/a"), "", ""}, {get("/case"), "flags", ""}},
		},
		"path before method, method before headers, headers before query": {
			rules: []Rule[string]{
				on("query", withQuery(prefix("/"), "a", "1", "b", "1", "c", "1")),
				on("headers", withHeaders(prefix("/"), "x", "1", "y", "1")),
				on("method", withMethod(prefix("/"), "GET")),
				on("path", prefix("/p")),
			},
			want: []want{
				{get("/p?a=1&b=1&c=1").with("x", "1", "y", "1"), "path", "/p"},
				{get("/?a=1&b=1&c=1").with("x", "1", "y", "1"), "method", "/"},
				{Request{Path: "/", Method: "PUT", RawQuery: "a=1&b=1&c=1", Header: http.Header{"X": {"1"}, "Y": {"1"}}}, "headers", "/"},
				{Request{Path: "/", Method: "PUT", RawQuery: "a=1&b=1&c=1"}, "query", "/"},
				{Request{Path: "/", Method: "PUT", RawQuery: "a=1&b=1"}, "", ""},
			},
		},
		"more headers, then more query parameters": {
			rules: []Rule[string]{
				on("one header", withHeaders(prefix("/"), "x", "1")),
				on("two headers", withHeaders(prefix("/"), "x", "1", "y", "1")),
				on("one header one query", withQuery(withHeaders(prefix("/"), "x", "1"), "q", "1")),
				on("two query", withQuery(prefix("/"), "q", "1", "r", "1")),
			},
			want: []want{
				{get("/?q=1&r=1").with("x", "1", "y", "1"), "two headers", "/"},
				{get("/?q=1&r=1").with("x", "1"), "one header one query", "/"},
				{get("/").with("x", "1"), "one header", "/"},
				{get("/?q=1&r=1"), "two query", "/"},
			},
		},
		"a longer prefix whose predicates don't hold yields to a shorter": {
			rules: []Rule[string]{on("short", prefix("/a")), on("long", withMethod(prefix("/a/b/c"), "POST")), on("exact", withMethod(exact("/a/b/c"), "PUT"))},
			want:  []want{{get("/a/b/c"), "short", "/a"}},
		},
		"the most specific hostname, or the next in which a rule fits": {
			rules: []Rule[string]{
				on("any", prefix("/any")),
				on("wild", prefix("/wild")).forHosts("*.com"),
				on("wilder", prefix("/wilder")).forHosts("*.b.com"),
				on("exact", prefix("/exact")).forHosts("a.b.com", "B.com"),
				on("exact wild", prefix("/wild")).forHosts("a.b.com"),
			},
			want: []want{
				{get("/exact").to("a.b.com"), "exact", "/exact"}, {get("/exact").to("b.com"), "exact", "/exact"},
				{get("/wilder").to("a.b.com"), "wilder", "/wilder"}, {get("/wild").to("a.b.com"), "exact wild", "/wild"},
				{get("/wild").to("x.b.com"), "wild", "/wild"}, {get("/any").to("a.b.com"), "any", "/any"},
				{get("/exact").to("x.b.com"), "", ""}, {get("/wild").to("com"), "", ""}, {get("/any").to(""), "any", "/any"},
			},
		},
		"an exact path under a wildcard loses to a prefix under the exact host": {
			rules: []Rule[string]{on("wild", exact("/a")).forHosts("*.com"), on("host", prefix("/")).forHosts("example.com")},
			want:  []want{{get("/a"), "host", "/"}},
		},
		"headers": {
			rules: []Rule[string]{
				on("joined", withHeaders(prefix("/"), "X-LIST", "a,b")),
				on("host", withHeaders(prefix("/host"), "host", "example.com")),
				on("regex", config.Match{Headers: []config.ValueMatch{{Type: config.Regex, Name: "x-re", Value: "[a-z]+,?[a-z]*"}}}),
				on("empty", withHeaders(prefix("/empty"), "X-Empty", "")),
			},
			want: []want{
				{get("/").with("x-list", "a", "x-list", "b"), "joined", "/"}, {get("/").with("x-list", "a,b"), "joined", "/"},
				{get("/").with("x-list", "b", "x-list", "a"), "", ""}, {get("/").with("x-list", "a"), "", ""},
				{get("/").with("x-list", "a", "x-list", "b", "x-list", ""), "", ""}, {get("/").with("x-list", "A,b"), "", ""},
				{get("/host"), "host", "/host"}, {get("/host").to("other"), "", ""},
				{get("/").with("x-re", "a", "x-re", "b"), "regex", "/"}, {get("/").with("x-re", "a1"), "", ""}, {get("/"), "", ""},
				{get("/empty").with("x-empty", ""), "empty", "/empty"}, {get("/empty"), "", ""},
			},
		},
		"query parameters": {
			rules: []Rule[string]{
				on("first", withQuery(prefix("/"), "q", "1")),
				on("decoded", withQuery(prefix("/"), "a b", "c d&")),
				on("empty", withQuery(prefix("/"), "e", "")),
				on("regex", config.Match{Query: []config.ValueMatch{{Type: config.Regex, Name: "re", Value: "a+"}}}),
			},
			want: []want{
				{get("/?q=1&q=2"), "first", "/"}, {get("/?q=2&q=1"), "", ""}, {get("/?Q=1"), "", ""}, {get("/?q=01"), "", ""},
				{get("/?x=%zz&q=1"), "first", "/"}, {get("/?q=%zz&q=1"), "first", "/"}, {get("/?q=1;x&y"), "", ""}, {get("/?q=1;&q=1"), "first", "/"},
				{get("/?a+b=c%20d%26"), "decoded", "/"}, {get("/?a%20b=c+d%26"), "decoded", "/"},
				{get("/?e"), "empty", "/"}, {get("/?e="), "empty", "/"}, {get("/?"), "", ""},
				{get("/?re=aaa"), "regex", "/"}, {get("/?re=aab"), "", ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := Compile(test.rules)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range test.want {
				got, ok := table.Lookup(&w.request)
				if got.Value != w.value || got.Prefix != w.prefix || ok != (w.value != "") {
					t.Errorf("%s%s?%s: got %+v, %v, want %q with prefix %q",
						w.request.Host, w.request.Path, w.request.RawQuery, got, ok, w.value, w.prefix)
				}
			}
		})
	}
}

func TestTiesAreBroken(t *testing.T) {
	t.Parallel()
	newest := Rule[string]{Value: "newest", Created: 2, RouteID: "a"}
	oldZ := Rule[string]{Value: "z", Created: 1, RouteID: "z"}
	oldB1 := Rule[string]{Value: "b1", Created: 1, RouteID: "b", Index: 1}
	oldB0 := Rule[string]{Value: "b0", Created: 1, RouteID: "b", Index: 0}
	left := []Rule[string]{newest, oldZ, oldB1, oldB0}
	for _, want := range []string{"b0", "b1", "z", "newest"} {
		table, err := Compile(left)
		if err != nil {
			t.Fatal(err)
		}
		r := get("/")
		if got, _ := table.Lookup(&r); got.Value != want {
			t.Fatalf("of %d rules got %q, want %q", len(left), got.Value, want)
		}
		for i := range left {
			if left[i].Value == want {
				left = append(left[:i:i], left[i+1:]...)
				break
			}
		}
	}
}

func TestPrefixIsThatOfTheMatchThatFits(t *testing.T) {
	t.Parallel()
	table, err := Compile([]Rule[string]{on("v", prefix("/a"), prefix("/a/b/"), prefix("/"))})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/a/x": "/a", "/a/b/x": "/a/b", "/x": "/"} {
		r := get(path)
		if got, _ := table.Lookup(&r); got.Prefix != want {
			t.Errorf("%s: prefix %q, want %q", path, got.Prefix, want)
		}
	}
}

func TestRequestIsReused(t *testing.T) {
	t.Parallel()
	one, err := Compile([]Rule[string]{on("one", withQuery(prefix("/"), "a", "1"))})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Compile([]Rule[string]{on("other", withQuery(prefix("/"), "x", "0", "b", "2"))})
	if err != nil {
		t.Fatal(err)
	}
	r := get("/?a=1&b=2&x=0")
	if got, _ := one.Lookup(&r); got.Value != "one" {
		t.Errorf("got %+v", got)
	}
	if got, _ := other.Lookup(&r); got.Value != "other" {
		t.Errorf("a second table sees the first one's query: got %+v", got)
	}
	r.Reset()
	r.Path, r.RawQuery = "/", "b=2"
	if got, ok := other.Lookup(&r); ok {
		t.Errorf("the query of an earlier request remained: got %+v", got)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	bad := func(m config.Match) []Rule[string] {
		return []Rule[string]{on("good", prefix("/")), {RouteID: "HTTPRoute/ns/bad", Index: 2, Matches: []config.Match{prefix("/"), m}}}
	}
	for name, rules := range map[string][]Rule[string]{
		"path":     bad(regex("(")),
		"escape":   bad(regex("a)|(b")),
		"type":     bad(config.Match{Path: &config.PathMatch{Type: "glob", Value: "/"}}),
		"relative": bad(prefix("a")),
		"header":   bad(config.Match{Headers: []config.ValueMatch{{Type: config.Regex, Name: "a", Value: "["}}}),
		"query":    bad(config.Match{Query: []config.ValueMatch{{Type: config.Regex, Name: "a", Value: "*"}}}),
	} {
		_, err := Compile(rules)
		var refusal *config.Refusal
		if !errors.As(err, &refusal) {
			t.Fatalf("%s: error is %v", name, err)
		}
		if refusal.Object != "HTTPRoute/ns/bad" || refusal.Field != "rules[2].matches[1]" || refusal.Message == "" {
			t.Errorf("%s: refusal is %+v", name, refusal)
		}
	}
}

func TestNilTableFindsNothing(t *testing.T) {
	t.Parallel()
	r := get("/")
	if got, ok := (*Table[string])(nil).Lookup(&r); ok {
		t.Errorf("found %+v", got)
	}
}
