// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
)

func entry() *accesslog.Entry {
	return &accesslog.Entry{Method: "GET", Host: "a", Target: "/", Proto: "HTTP/1.1", Status: 200}
}

func TestPathOf(t *testing.T) {
	for target, want := range map[string]string{
		"/":                    "/",
		"/a%20b?c=d?e":         "/a%20b",
		"*":                    "*",
		"http://a.example/b?c": "/b",
		"http://a.example":     "",
		"http://%":             "http://%",
	} {
		if got := pathOf(target); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

func TestHostOf(t *testing.T) {
	for text, want := range map[string]host{
		"a.example":      {"a.example", 0},
		"a.example:8080": {"a.example", 8080},
		"[2001:db8::1]":  {"2001:db8::1", 0},
		"[::1]:80":       {"::1", 80},
		"a:b":            {"a", 0},
	} {
		if got := hostOf(text); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestVersionOf(t *testing.T) {
	for proto, want := range map[string]string{"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/3.0": "3"} {
		if got := versionOf(proto); got != want {
			t.Errorf("%s: %s, want %s", proto, got, want)
		}
	}
}

func TestFailure(t *testing.T) {
	for name, tc := range map[string]struct {
		entry   accesslog.Entry
		failure string
		want    string
	}{
		"none":                 {accesslog.Entry{Status: 200}, "", ""},
		"of the client":        {accesslog.Entry{Status: 404, Error: "no route matches"}, "", ""},
		"the client left":      {accesslog.Entry{Status: 499, Error: "canceled"}, "canceled", ""},
		"a status":             {accesslog.Entry{Status: 500}, "", "500"},
		"an error":             {accesslog.Entry{Status: 502, Error: "refused"}, "connect_failed", "connect_failed"},
		"a call":               {accesslog.Entry{Status: 200, GRPCStatus: "14"}, "", "UNAVAILABLE"},
		"a response that ends": {accesslog.Entry{Status: 200, Error: "the client is slow"}, "", "_OTHER"},
	} {
		if got := (&Request{Entry: &tc.entry, Failure: tc.failure}).failure(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
