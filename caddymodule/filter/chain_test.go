// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// requestTo is a request that came in by plain HTTP on port 80.
func requestTo(target string) *Context {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	return &Context{
		Request: r, Client: netip.MustParseAddr("192.0.2.1"),
		Scheme: "http", Host: r.Host, ListenerPort: 80,
	}
}

func mustCompile(t testing.TB, filters ...config.Filter) *Chain {
	t.Helper()
	c, err := Compile(filters)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func setHeader(name, value string) config.Filter {
	return config.Filter{RequestHeaders: &config.HeaderModifier{Set: []config.Header{{Name: name, Value: value}}}}
}

func static200() config.Filter {
	return config.Filter{StaticResponse: &config.StaticResponse{Status: 200, ContentType: "text/plain", Body: []byte("hi")}}
}

func TestNilChain(t *testing.T) {
	c := mustCompile(t)
	if c != nil {
		t.Errorf("no filters compile to %v, want nil", c)
	}
	ctx, h := requestTo("http://example.com/"), http.Header{}
	if n := testing.AllocsPerRun(100, func() {
		if c.Request(ctx) != nil {
			t.Error("answered")
		}
		c.Response(h)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFiltersRunInOrderUntilOneAnswers(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, setHeader("x", "1"), setHeader("x", "2"), static200(), setHeader("x", "3"),
		config.Filter{AccessControl: &config.AccessControl{Deny: []string{"0.0.0.0/0"}}})
	ctx := requestTo("http://example.com/")
	got := c.Request(ctx)
	want := &Answer{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("hi")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if x := ctx.Request.Header.Get("x"); x != "2" {
		t.Errorf("x is %q, want 2: the last that ran before the answer", x)
	}
}

func TestStaticResponseWithoutContentType(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, config.Filter{StaticResponse: &config.StaticResponse{Status: 204}})
	got := c.Request(requestTo("http://example.com/"))
	if diff := cmp.Diff(&Answer{Status: 204}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestResponseModifiersApplyWhereverTheyStand(t *testing.T) {
	t.Parallel()
	sts := config.Filter{ResponseHeaders: &config.HeaderModifier{
		Set: []config.Header{{Name: "strict-transport-security", Value: "max-age=1"}}, Remove: []string{"server"},
	}}
	add := config.Filter{ResponseHeaders: &config.HeaderModifier{Add: []config.Header{{Name: "Strict-Transport-Security", Value: "x"}}}}
	c := mustCompile(t, static200(), sts, add)
	if c.Request(requestTo("http://example.com/")) == nil {
		t.Error("a response modifier hides the static response")
	}
	h := http.Header{"Server": {"echo"}, "Strict-Transport-Security": {"max-age=0"}}
	c.Response(h)
	if diff := cmp.Diff(http.Header{"Strict-Transport-Security": {"max-age=1", "x"}}, h); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	path := "/x"
	for name, bad := range map[string]config.Filter{
		"nothing":            {},
		"static status 99":   {StaticResponse: &config.StaticResponse{Status: 99}},
		"static status 101":  {StaticResponse: &config.StaticResponse{Status: 101}},
		"static status 600":  {StaticResponse: &config.StaticResponse{Status: 600}},
		"redirect status":    {Redirect: &config.Redirect{Status: 300}},
		"redirect scheme":    {Redirect: &config.Redirect{Scheme: "javascript"}},
		"redirect port":      {Redirect: &config.Redirect{Port: 65536}},
		"redirect hostname":  {Redirect: &config.Redirect{Hostname: "evil.example/@"}},
		"redirect path":      {Redirect: &config.Redirect{Path: &config.PathModifier{}}},
		"redirect two paths": {Redirect: &config.Redirect{Path: &config.PathModifier{ReplaceFull: &path, ReplacePrefix: &path}}},
		"rewrite hostname":   {Rewrite: &config.Rewrite{Hostname: "a b"}},
		"rewrite path":       {Rewrite: &config.Rewrite{Path: &config.PathModifier{}}},
		"deny":               {AccessControl: &config.AccessControl{Deny: []string{"10.0.0.0/33"}}},
		"allow":              {AccessControl: &config.AccessControl{Allow: []string{"10.0.0.1", "localhost"}}},
	} {
		_, err := Compile([]config.Filter{static200(), bad})
		var refusal *config.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: error is %v", name, err)
			continue
		}
		if refusal.Field != "filters[1]" || refusal.Message == "" {
			t.Errorf("%s: refusal is %+v", name, refusal)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	for name, filters := range map[string][]config.Filter{
		"none":     nil,
		"headers":  {setHeader("x-one", "1"), setHeader("x-two", "2")},
		"static":   {static200()},
		"redirect": {{Redirect: &config.Redirect{Scheme: "https"}}},
		"access":   {{AccessControl: &config.AccessControl{Deny: thousandsOfPrefixes()}}},
	} {
		b.Run(name, func(b *testing.B) {
			c := mustCompile(b, filters...)
			ctx := requestTo("http://example.com/some/path?q=1")
			b.ReportAllocs()
			for b.Loop() {
				c.Request(ctx)
			}
		})
	}
}
