// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestMirrorsCopyWhatIsThere(t *testing.T) {
	t.Parallel()
	path := "/new"
	c := mustCompile(t,
		config.Filter{Mirror: &config.Mirror{Backend: "a"}},
		setHeader("x", "1"),
		config.Filter{Rewrite: &config.Rewrite{Hostname: "new.example", Path: &config.PathModifier{ReplaceFull: &path}}},
		config.Filter{Mirror: &config.Mirror{Backend: "b"}},
		config.Filter{Mirror: &config.Mirror{Backend: "b", Denominator: 10}},
		setHeader("x", "2"),
	)
	ctx := requestTo("http://example.com/old?q=1")
	if answer := c.Request(ctx); answer != nil {
		t.Errorf("answered %v", answer)
	}
	ctx.Request.Header["X"][0] = "3" // as later stages may do
	want := []Copy{
		{Backend: "a", Host: "example.com", URL: url.URL{Scheme: "http", Host: "example.com", Path: "/old", RawQuery: "q=1"}, Header: http.Header{}},
		{
			Backend: "b", Host: "new.example", Header: http.Header{"X": {"1"}},
			URL: url.URL{Scheme: "http", Host: "example.com", Path: "/new", RawPath: "/new", RawQuery: "q=1"},
		},
	}
	if diff := cmp.Diff(want, ctx.Copies); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
}

func TestMirrorShares(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		numerator, denominator int32
		want                   int
	}{
		{0, 0, 1000}, {0, 1, 0}, {1, 1, 1000}, {20, 100, 200}, {25, 50, 500}, {1, 1000, 1}, {999, 1000, 999}, {1 << 30, 1<<31 - 1, 500},
	} {
		c := mustCompile(t, config.Filter{Mirror: &config.Mirror{Backend: "a", Numerator: tc.numerator, Denominator: tc.denominator}})
		got := 0
		for range 1000 {
			ctx := requestTo("http://example.com/")
			c.Request(ctx)
			got += len(ctx.Copies)
		}
		if d := got - tc.want; d < -3 || d > 3 {
			t.Errorf("%d/%d: %d of 1000 requests, want %d", tc.numerator, tc.denominator, got, tc.want)
		}
	}
}
