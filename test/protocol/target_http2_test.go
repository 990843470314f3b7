// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"strings"
	"testing"
)

// TestHTTP2CantWriteLinesOfHTTP1 has pseudo fields with what HTTP/1.1 would read
// as the end of a part of the request line, or of the line.
func TestHTTP2CantWriteLinesOfHTTP1(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, forbidding("/admin")))
	for _, tt := range []struct{ method, path, authority, want string }{
		{"GET", "/", "a.example", "200"},
		{"GET", "/admin", "a.example", "403"},
		{"GET /admin HTTP/1.1", "/", "a.example", "400"},
		{"GET\t/admin", "/", "a.example", "400"},
		{"G\x00ET", "/", "a.example", "PROTOCOL_ERROR"},
		{"GET /admin HTTP/1.1\r\nX: y", "/", "a.example", "PROTOCOL_ERROR"},
		{"", "/", "a.example", "PROTOCOL_ERROR"},
		{"GET", "/admin HTTP/1.1", "a.example", "400"},
		{"GET", "/x?/../admin HTTP/1.1", "a.example", "400"},
		{"GET", "/x\tHTTP/1.1", "a.example", "PROTOCOL_ERROR"},
		{"GET", "/x\r\nX: y", "a.example", "PROTOCOL_ERROR"},
		{"GET", "x", "a.example", "PROTOCOL_ERROR"},
		{"GET", "", "a.example", "PROTOCOL_ERROR"},
		{"GET", "//admin", "a.example", "403"},
		{"GET", "http://b.example/admin", "a.example", "403"},
		{"GET", "/", "a.example HTTP/1.1", "400"},
		{"GET", "/", "a.example/admin", "400"},
		{"GET", "/", "a.example\r\nX: y", "PROTOCOL_ERROR"},
		{"GET", "/", "user@a.example", "PROTOCOL_ERROR"},
		{"GET", "/", "", "400"},
	} {
		c := dialH2(t, gw.address)
		id := c.request(true, ":method", tt.method, ":scheme", "http", ":authority", tt.authority, ":path", tt.path)
		if got := c.status(id); got != tt.want {
			t.Errorf("%q %q at %q: %s, want %s", tt.method, tt.path, tt.authority, got, tt.want)
		}
		c.Close()
		messages, broken := app.take()
		for _, m := range messages {
			if fault := m.fault(); fault != "" || strings.Contains(m.line, "admin") {
				t.Errorf("%q %q at %q: the backend read %q %s", tt.method, tt.path, tt.authority, m.line, fault)
			}
		}
		if len(broken) > 0 {
			t.Errorf("%q %q at %q: the backend read %q", tt.method, tt.path, tt.authority, broken)
		}
	}
}
