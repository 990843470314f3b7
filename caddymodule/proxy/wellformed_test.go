// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"testing"
)

func TestMalformed(t *testing.T) {
	for _, tt := range []struct {
		method, host, target string
		malformed            bool
	}{
		{"GET", "a.example", "/", false},
		{"M-SEARCH", "[::1]:8080", "/", false},
		{"OPTIONS", "a.example", "*", false},
		{"PROPFIND", "xn--bcher-kva.example.", "/%20?a=%20", false},
		{"CONNECT", "a.example:443", "a.example:443", false},
		{"GET", "a_b.example:80", "/ä", false},
		{"", "a.example", "/", true},
		{"GET", "a.example", "*", true},
		{"GET /admin HTTP/1.1", "a.example", "/", true},
		{"GET\t/admin", "a.example", "/", true},
		{"GET", "", "/", true},
		{"GET", "a.example HTTP/1.1", "/", true},
		{"GET", "a.example/admin", "/", true},
		{"GET", "user@a.example", "/", true},
		{"GET", "a.example", "/admin HTTP/1.1", true},
		{"GET", "a.example", "/x?y HTTP/1.1", true},
	} {
		if got := malformed(&http.Request{Method: tt.method, Host: tt.host, RequestURI: tt.target}); (got != "") != tt.malformed {
			t.Errorf("%q %q at %q: %q", tt.method, tt.target, tt.host, got)
		}
	}
}
