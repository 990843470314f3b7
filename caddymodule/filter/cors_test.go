// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// asked is a request with these header fields.
func asked(method string, fields ...string) *Context {
	ctx := requestTo("http://example.com/")
	ctx.Request.Method = method
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		ctx.Request.Header.Add(name, value)
	}
	return ctx
}

// fields of CORS that a header has.
func fields(h http.Header) map[string]string {
	got := map[string]string{}
	for name, values := range h {
		if short, ok := strings.CutPrefix(name, "Access-Control-"); ok || name == "Vary" {
			got[short] = strings.Join(values, " | ")
		}
	}
	return got
}

const everyVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"

// TestPreflight quotes HTTPCORSFilter.
func TestPreflight(t *testing.T) {
	t.Parallel()
	const foo = "Origin: https://www.foo.com"
	put := []string{foo, "Access-Control-Request-Method: PUT"}
	for name, tc := range map[string]struct {
		cors config.CORS
		asks []string
		want map[string]string
	}{
		// "the gateway must return the given `Origin`"
		"listed": {
			config.CORS{
				AllowOrigins: []string{"https://a.com", "https://*.foo.com"}, AllowMethods: []string{"GET", "OPTIONS"},
				AllowHeaders: []string{"x-header-1", "x-header-2"}, ExposeHeaders: []string{"x-header-3", "x-header-4"}, AllowCredentials: true, MaxAge: 3600,
			},
			append(put, "Access-Control-Request-Headers: x-other"),
			map[string]string{
				"Allow-Origin": "https://www.foo.com", "Allow-Methods": "GET, OPTIONS", "Allow-Headers": "x-header-1, x-header-2",
				"Expose-Headers": "x-header-3, x-header-4", "Allow-Credentials": "true", "Max-Age": "3600",
			},
		},
		// "the gateway will omit the header `Access-Control-Allow-Credentials` entirely",
		// "the gateway sets the response header "Access-Control-Max-Age: 5" by default"
		"defaults": {
			config.CORS{AllowOrigins: []string{"https://www.foo.com"}}, put,
			map[string]string{"Allow-Origin": "https://www.foo.com", "Max-Age": "5"},
		},
		// "doesn't set the relevant cross-origin response headers"
		"not listed": {config.CORS{AllowOrigins: []string{"https://a.com"}, AllowMethods: []string{"*"}, AllowCredentials: true}, put, nil},
		"no origins": {config.CORS{AllowMethods: []string{"PUT"}}, put, nil},
		// "may either contain the wildcard `*` or echo the value"
		"wildcards": {
			config.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}},
			append(put, "Access-Control-Request-Headers: x-header-1,Authorization"),
			map[string]string{
				"Allow-Origin": "*", "Allow-Methods": "PUT", "Allow-Headers": "x-header-1, Authorization", "Expose-Headers": "*", "Max-Age": "5",
			},
		},
		// "the gateway must not return `*`", "the gateway must omit the
		// `Access-Control-Allow-Headers` response header"
		"wildcards with credentials": {
			config.CORS{
				AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}, AllowCredentials: true,
			},
			put,
			map[string]string{"Allow-Origin": "https://www.foo.com", "Allow-Methods": "PUT", "Allow-Credentials": "true", "Max-Age": "5"},
		},
		// "the gateway must return the `Access-Control-Allow-Headers` response header which
		// value is present in the `allowHeaders` field"
		"headers that were not asked for": {
			config.CORS{AllowOrigins: []string{"*"}, AllowHeaders: []string{"A", "b"}}, put,
			map[string]string{"Allow-Origin": "*", "Allow-Headers": "A, b", "Max-Age": "5"},
		},
		"a method that is a wildcard": {
			config.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true},
			[]string{foo, "Access-Control-Request-Method: *", "Access-Control-Request-Headers: *"},
			map[string]string{"Allow-Origin": "https://www.foo.com", "Allow-Credentials": "true", "Max-Age": "5"},
		},
		"headers that are none": {
			config.CORS{AllowOrigins: []string{"*"}, AllowHeaders: []string{"*"}},
			append(put, "Access-Control-Request-Headers: a, b c,,d", "Access-Control-Request-Headers: \x80, e"),
			map[string]string{"Allow-Origin": "*", "Allow-Headers": "a, d, e", "Max-Age": "5"},
		},
		"null": {
			config.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}, []string{"Origin: null", put[1]},
			map[string]string{"Allow-Origin": "null", "Allow-Credentials": "true", "Max-Age": "5"},
		},
		"null is no host": {config.CORS{AllowOrigins: []string{"https://*"}}, []string{"Origin: null", put[1]}, nil},
		"two in one":      {config.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}, []string{foo + " https://b.com", put[1]}, nil},
		"a wildcard":      {config.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}, []string{"Origin: *", put[1]}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := asked(http.MethodOptions, tc.asks...)
			got := mustCompile(t, config.Filter{CORS: &tc.cors}).Request(ctx)
			if got == nil || got.Status != http.StatusNoContent || len(got.Body) > 0 {
				t.Fatalf("answer %+v", got)
			}
			want := map[string]string{"Vary": everyVary}
			maps.Copy(want, tc.want)
			if diff := cmp.Diff(want, fields(got.Header)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoPreflight(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, config.Filter{CORS: &config.CORS{AllowOrigins: []string{"*"}}})
	for name, ctx := range map[string]*Context{
		"GET":         asked(http.MethodGet, "Origin: https://a.com", "Access-Control-Request-Method: GET"),
		"no origin":   asked(http.MethodOptions, "Access-Control-Request-Method: GET"),
		"no method":   asked(http.MethodOptions, "Origin: https://a.com"),
		"two origins": asked(http.MethodOptions, "Origin: https://a.com", "Origin: https://b.com", "Access-Control-Request-Method: GET"),
		"two methods": asked(http.MethodOptions, "Origin: https://a.com", "Access-Control-Request-Method: GET", "Access-Control-Request-Method: PUT"),
		"no token":    asked(http.MethodOptions, "Origin: https://a.com", "Access-Control-Request-Method: GET /"),
	} {
		if answer := c.Request(ctx); answer != nil {
			t.Errorf("%s: answered %+v", name, answer)
		}
	}
}

// TestResponses have fields of the backend, which don't count.
func TestResponses(t *testing.T) {
	t.Parallel()
	const foo = "Origin: https://www.foo.com"
	listed := config.CORS{AllowOrigins: []string{"https://www.foo.com"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"a"}, ExposeHeaders: []string{"B", "c"}}
	credentials := config.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true, ExposeHeaders: []string{"*"}}
	for name, tc := range map[string]struct {
		cors config.CORS
		asks []string
		vary []string
		want map[string]string
	}{
		"allowed":    {listed, []string{foo}, nil, map[string]string{"Allow-Origin": "https://www.foo.com", "Expose-Headers": "B, c", "Vary": "Origin"}},
		"same-site":  {listed, nil, nil, map[string]string{"Vary": "Origin"}},
		"forbidden":  {listed, []string{"Origin: https://evil.com"}, []string{"Accept"}, map[string]string{"Vary": "Accept | Origin"}},
		"has Vary":   {listed, nil, []string{"Accept, ORIGIN"}, map[string]string{"Vary": "Accept, ORIGIN"}},
		"has Vary *": {listed, nil, []string{"*"}, map[string]string{"Vary": "*"}},
		"as spelled": {listed, []string{"Origin: HTTPS://www.Foo.com:443"}, nil, map[string]string{"Allow-Origin": "HTTPS://www.Foo.com:443", "Expose-Headers": "B, c", "Vary": "Origin"}},
		"two": {
			listed, []string{foo, foo}, nil, map[string]string{"Vary": "Origin"},
		},
		// Always the same, so that caches need not care.
		"public":             {config.CORS{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"*"}}, []string{foo}, nil, map[string]string{"Allow-Origin": "*", "Expose-Headers": "*"}},
		"public, same-site":  {config.CORS{AllowOrigins: []string{"*"}}, nil, nil, map[string]string{"Allow-Origin": "*"}},
		"all of the web":     {config.CORS{AllowOrigins: []string{"https://*"}}, []string{foo}, nil, map[string]string{"Allow-Origin": "https://www.foo.com", "Vary": "Origin"}},
		"exposed one by one": {credentials, []string{foo}, nil, map[string]string{"Allow-Origin": "https://www.foo.com", "Allow-Credentials": "true", "Expose-Headers": "Vary, X-A, X-B", "Vary": "Origin"}},
	} {
		ctx := asked(http.MethodGet, tc.asks...)
		c := mustCompile(t, config.Filter{CORS: &tc.cors})
		if answer := c.Request(ctx); answer != nil {
			t.Errorf("%s: answered %+v", name, answer)
		}
		h := http.Header{"X-B": {"1"}, "X-A": {"1"}, "Content-Type": {"text/plain"}, "Set-Cookie": {"a=b"}}
		for _, of := range []string{"Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers", "Expose-Headers", "Max-Age"} {
			h["Access-Control-"+of] = []string{"of the backend", "twice"}
		}
		if tc.vary != nil {
			h["Vary"] = slices.Clip(tc.vary)
		}
		c.Response(h)
		ctx.Respond(h)
		if diff := cmp.Diff(tc.want, fields(h)); diff != "" {
			t.Errorf("%s: response (-want +got):\n%s", name, diff)
		}
	}
}

// TestLastCORSCounts is that of a backendRef beside that of its rule.
func TestLastCORSCounts(t *testing.T) {
	t.Parallel()
	ctx := asked(http.MethodGet, "Origin: https://a.com")
	for _, origin := range []string{"https://a.com", "https://b.com"} {
		mustCompile(t, config.Filter{CORS: &config.CORS{AllowOrigins: []string{origin}}}).Request(ctx)
	}
	h := http.Header{}
	ctx.Respond(h)
	if diff := cmp.Diff(map[string]string{"Vary": "Origin"}, fields(h)); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func TestNoCORSCostsNothing(t *testing.T) {
	ctx, h := asked(http.MethodGet, "Origin: https://a.com"), http.Header{}
	c := mustCompile(t, setHeader("x", "1"))
	if c.CORS() || (*Chain)(nil).CORS() {
		t.Error("a chain without CORS has it")
	}
	if n := testing.AllocsPerRun(100, func() { ctx.Respond(h) }); n != 0 || len(h) > 0 {
		t.Errorf("%v allocations, header %v", n, h)
	}
}

// FuzzCORS: whatever a request says, an origin is allowed only as it was sent, and
// no wildcard comes with credentials.
func FuzzCORS(f *testing.F) {
	f.Add("https://www.foo.com", "PUT", "x-a, x-b", "https://*.foo.com", true)
	f.Add("null", "GET", "", "*", false)
	f.Fuzz(func(t *testing.T, origin, method, headers, pattern string, credentials bool) {
		c, err := Compile([]config.Filter{{CORS: &config.CORS{
			AllowOrigins: []string{pattern}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}, AllowCredentials: credentials,
		}}})
		if err != nil {
			return
		}
		ctx := requestTo("http://example.com/")
		ctx.Request.Method = http.MethodOptions
		ctx.Request.Header = http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers},
		}
		h := http.Header{"X": {"1"}}
		if answer := c.Request(ctx); answer != nil {
			h = answer.Header
		} else {
			ctx.Respond(h)
		}
		for name, values := range h {
			for _, value := range values {
				if strings.ContainsAny(value, "\r\n\x00") && !strings.ContainsAny(origin, "\r\n\x00") {
					t.Errorf("%s: %q", name, value)
				}
			}
		}
		switch got := h.Get("Access-Control-Allow-Origin"); {
		case got == "*" && credentials, got != "" && got != "*" && got != origin:
			t.Errorf("%q allowed for %q", got, origin)
		}
		if list := h.Get("Access-Control-Allow-Methods") + "," + h.Get("Access-Control-Allow-Headers") + "," + h.Get("Access-Control-Expose-Headers"); credentials &&
			slices.Contains(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }), "*") {
			t.Errorf("a wildcard with credentials: %v", h)
		}
	})
}
