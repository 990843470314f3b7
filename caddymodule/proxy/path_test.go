// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestCleanPath(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		dots, ok bool
	}{
		{"/", "/", false, true},
		{"/a/b", "/a/b", false, true},
		{"/a/b/", "/a/b/", false, true},
		{"//", "/", false, true},
		{"//a///b//", "/a/b/", false, true},
		{"/a/./b", "/a/b", true, true},
		{"/a/../b", "/b", true, true},
		{"/a/b/..", "/a/", true, true},
		{"/a/.", "/a/", true, true},
		{"/..", "/..", true, false},
		{"/a/../../b", "/a/../../b", true, false},
		{"/.well-known/x", "/.well-known/x", false, true},
		{"/a/.../b", "/a/.../b", false, true},
		{"", "", false, false},
		{"a", "a", false, false},
	} {
		got, dots, ok := cleanPath(tt.in)
		if got != tt.want || dots != tt.dots || ok != tt.ok {
			t.Errorf("cleanPath(%q) = %q, %v, %v; want %q, %v, %v", tt.in, got, dots, ok, tt.want, tt.dots, tt.ok)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/../b//c/.", "/..", "/a/./../..//", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		clean, _, ok := cleanPath(in)
		if !ok {
			return
		}
		if clean[0] != '/' || strings.Contains(clean, "//") {
			t.Errorf("cleanPath(%q) = %q", in, clean)
		}
		for segment := range strings.SplitSeq(clean, "/") {
			if segment == "." || segment == ".." {
				t.Errorf("cleanPath(%q) = %q", in, clean)
			}
		}
		again, dots, ok := cleanPath(clean)
		if again != clean || dots || !ok {
			t.Errorf("cleanPath(%q) = %q, again %q", in, clean, again)
		}
	})
}

// TestNoSpellingOfAPathPassesByItsRule has a rule that refuses /admin and one
// that takes everything else.
func TestNoSpellingOfAPathPassesByItsRule(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Target", r.RequestURI) })
	cfg := oneBackend(app, config.BackendHTTP)
	cfg.Routes[0].Rules = append(cfg.Routes[0].Rules, config.Rule{
		Matches:     []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: "/admin"}}},
		ErrorStatus: http.StatusForbidden,
	})
	gw := newGateway(t, cfg)
	for target, want := range map[string]string{
		"/admin/x":             "403",
		"/%61dmin/x":           "403",
		"//admin/x":            "403",
		"/./admin/x":           "403",
		"/a/../admin/x":        "403",
		"/a/%2e%2E/admin/x":    "403",
		"/a/..%2fadmin/x":      "403",
		"/a%2F..%2Fadmin":      "403",
		"/../admin":            "400",
		"/%2e%2e/admin":        "400",
		"/administrator":       "200 /administrator",
		"/a%2Fb":               "200 /a%2Fb",
		"/a//b":                "200 /a//b",
		"/a/./b%2Fc?d=../e":    "200 /a/b/c?d=../e",
		"/a/b/../%C3%A4%20?":   "200 /a/%C3%A4%20?",
		"/a%20b/%E2%82%AC;x=1": "200 /a%20b/%E2%82%AC;x=1",
		"/a#b":                 "200 /a%23b",
	} {
		lines := rawRequest(t, gw.Address, "GET "+target+" HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
		got := lines[0][9:12]
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, "X-Target: "); ok {
				got += " " + value
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
