// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestHeaderModifier(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		modifier config.HeaderModifier
		in, want http.Header
	}{
		"set replaces all values": {
			modifier: config.HeaderModifier{Set: []config.Header{{Name: "my-HEADER", Value: "bar"}}},
			in:       http.Header{"My-Header": {"a", "b"}, "Other": {"c"}},
			want:     http.Header{"My-Header": {"bar"}, "Other": {"c"}},
		},
		"set makes new fields": {
			modifier: config.HeaderModifier{Set: []config.Header{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}},
			in:       http.Header{},
			want:     http.Header{"A": {"1"}, "B": {"2"}},
		},
		"add appends": {
			modifier: config.HeaderModifier{Add: []config.Header{{Name: "X-MIXEDCASE-add-1", Value: "b"}, {Name: "new", Value: "c"}}},
			in:       http.Header{"X-Mixedcase-Add-1": {"a"}},
			want:     http.Header{"X-Mixedcase-Add-1": {"a", "b"}, "New": {"c"}},
		},
		"a field Set-Cookie for each cookie": {
			modifier: config.HeaderModifier{Add: []config.Header{{Name: "set-cookie", Value: "b=2"}}},
			in:       http.Header{"Set-Cookie": {"a=1"}},
			want:     http.Header{"Set-Cookie": {"a=1", "b=2"}},
		},
		"remove": {
			modifier: config.HeaderModifier{Remove: []string{"ONE", "absent"}},
			in:       http.Header{"One": {"1"}, "Two": {"2"}},
			want:     http.Header{"Two": {"2"}},
		},
		"set, then add, then remove": {
			modifier: config.HeaderModifier{
				Set: []config.Header{{Name: "a", Value: "1"}, {Name: "b", Value: "1"}},
				Add: []config.Header{{Name: "a", Value: "2"}}, Remove: []string{"b"},
			},
			in:   http.Header{},
			want: http.Header{"A": {"1", "2"}},
		},
		"the proxy's own fields stay": {
			modifier: config.HeaderModifier{
				Set:    []config.Header{{Name: "content-length", Value: "7"}, {Name: "TE", Value: "gzip"}},
				Add:    []config.Header{{Name: "Transfer-Encoding", Value: "chunked"}, {Name: "connection", Value: "x"}},
				Remove: []string{"trailer", "Upgrade", "Keep-Alive", "proxy-connection"},
			},
			in:   http.Header{"Content-Length": {"1"}, "Trailer": {"T"}, "Upgrade": {"websocket"}},
			want: http.Header{"Content-Length": {"1"}, "Trailer": {"T"}, "Upgrade": {"websocket"}},
		},
		"a value can't begin another field": {
			modifier: config.HeaderModifier{Set: []config.Header{{Name: "a", Value: "1\r\nb: 2"}, {Name: "c d", Value: "3"}}},
			in:       http.Header{},
			want:     http.Header{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := test.in.Clone()
			mustCompile(t, config.Filter{ResponseHeaders: &test.modifier}).Response(response)
			if diff := cmp.Diff(test.want, response); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
			ctx := requestTo("http://example.com/")
			ctx.Request.Header = test.in.Clone()
			if answer := mustCompile(t, config.Filter{RequestHeaders: &test.modifier}).Request(ctx); answer != nil {
				t.Errorf("answered %+v", answer)
			}
			if diff := cmp.Diff(test.want, ctx.Request.Header); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

// Two requests, and two fields of one request, must not share memory for values.
func TestHeaderValuesAreNotShared(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, config.Filter{ResponseHeaders: &config.HeaderModifier{Set: []config.Header{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}}})
	one, other := http.Header{}, http.Header{}
	c.Response(one)
	c.Response(other)
	one["A"] = append(one["A"], "changed")
	one["A"][0] = "changed"
	for _, h := range []http.Header{one, other} {
		if h.Get("b") != "2" {
			t.Errorf("b is %q", h.Get("b"))
		}
	}
	if other.Get("a") != "1" {
		t.Errorf("a of another response is %q", other.Get("a"))
	}
}

func TestHostHeaderOfRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		modifier config.HeaderModifier
		want     string
	}{
		"set":             {config.HeaderModifier{Set: []config.Header{{Name: "HOST", Value: "other.example:8080"}}}, "other.example:8080"},
		"set to no host":  {config.HeaderModifier{Set: []config.Header{{Name: "Host", Value: "a b"}}}, "example.com"},
		"set to bad port": {config.HeaderModifier{Set: []config.Header{{Name: "Host", Value: "a:99999"}}}, "example.com"},
		"add":             {config.HeaderModifier{Add: []config.Header{{Name: "Host", Value: "other.example"}}}, "example.com"},
		"remove":          {config.HeaderModifier{Remove: []string{"Host"}}, "example.com"},
	} {
		ctx := requestTo("http://example.com/")
		mustCompile(t, config.Filter{RequestHeaders: &test.modifier}).Request(ctx)
		if ctx.Request.Host != test.want {
			t.Errorf("%s: Host is %q, want %q", name, ctx.Request.Host, test.want)
		}
		if len(ctx.Request.Header) != 0 {
			t.Errorf("%s: header is %v, want none", name, ctx.Request.Header)
		}
	}
}
