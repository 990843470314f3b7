// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// TestFiltersAndForwarded runs a request through all that changes it.
func TestFiltersAndForwarded(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", strings.Join([]string{
			r.Host, r.RequestURI, r.Header.Get("X-Rule"), r.Header.Get("X-Share"), r.Header.Get("X-Forwarded-For"),
			r.Header.Get("X-Forwarded-Host"), r.Header.Get("X-Forwarded-Port"), r.Header.Get("X-Forwarded-Proto"),
		}, " "))
	})
	set := func(name, value string) *config.HeaderModifier {
		return &config.HeaderModifier{Set: []config.Header{{Name: name, Value: value}}}
	}
	prefix := "/new"
	cfg := oneRule(config.Rule{
		Matches: []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: "/old"}}},
		Filters: []config.Filter{
			{RequestHeaders: set("X-Rule", "1")}, {ResponseHeaders: set("X-Out", "rule")},
			{Rewrite: &config.Rewrite{Hostname: "inside.example", Path: &config.PathModifier{ReplacePrefix: &prefix}}},
		},
		Backends: []config.WeightedBackend{{
			Backend: "app", Weight: 1,
			Filters: []config.Filter{{RequestHeaders: set("X-Share", "2")}, {ResponseHeaders: set("X-Share-Out", "share")}},
		}},
	}, backendAt("app", app, config.BackendHTTP))
	gw := newGateway(t, cfg)
	r := newRequest(t, http.MethodGet, gw.URL+"/old/a%2Fb?q", nil)
	r.Host = "app.example.com"
	r.Header.Set("X-Forwarded-For", "203.0.113.1")
	got := do(t, newClient(t), r)
	if want := "inside.example /new/a%2Fb?q 1 2 127.0.0.1 app.example.com 80 http"; got.Header.Get("X-Seen") != want {
		t.Errorf("the backend saw %q, want %q", got.Header.Get("X-Seen"), want)
	}
	if got.Header.Get("X-Out") != "rule" || got.Header.Get("X-Share-Out") != "share" {
		t.Errorf("response header %v", got.Header)
	}

	// Nothing is read from the backend any more: the rule's say stays.
	cfg.Backends[0].Endpoints = nil
	gw.apply(t, cfg)
	if got := get(t, newClient(t), gw.URL+"/old"); got.StatusCode != 503 || got.Header.Get("X-Out") != "rule" {
		t.Errorf("%s %v", got.Status, got.Header)
	}
}

func TestFilterAnswers(t *testing.T) {
	for _, tt := range []struct {
		name     string
		filter   config.Filter
		status   int
		location string
		body     string
	}{
		{"static", config.Filter{StaticResponse: &config.StaticResponse{Status: 418, Body: []byte("tea")}}, 418, "", "tea"},
		{"no content", config.Filter{StaticResponse: &config.StaticResponse{Status: 204}}, 204, "", ""},
		{"redirect", config.Filter{Redirect: &config.Redirect{Scheme: "https", Status: 301}}, 301, "https://app.example.com/x", ""},
		{"denied", config.Filter{AccessControl: &config.AccessControl{Deny: []string{"127.0.0.0/8"}}}, 403, "", ""},
	} {
		gw := newGateway(t, oneRule(config.Rule{Filters: []config.Filter{tt.filter}}))
		r := newRequest(t, http.MethodGet, gw.URL+"/x", nil)
		r.Host = "app.example.com"
		got := do(t, newClient(t), r)
		if got.StatusCode != tt.status || got.Header.Get("Location") != tt.location || got.body != tt.body {
			t.Errorf("%s: %s, Location %q, body %q", tt.name, got.Status, got.Header.Get("Location"), got.body)
		}
		if ct, ok := got.Header["Content-Type"]; ok {
			t.Errorf("%s: Content-Type %q", tt.name, ct)
		}
	}
}

func TestErrorStatusComesBeforeFilters(t *testing.T) {
	cfg := oneRule(config.Rule{
		ErrorStatus: 500,
		Filters:     []config.Filter{{StaticResponse: &config.StaticResponse{Status: 200}}},
	})
	cfg.Gateways[0].ErrorResponses = config.ErrorProblem
	got := get(t, newClient(t), newGateway(t, cfg).URL)
	if ct := got.Header.Get("Content-Type"); got.StatusCode != 500 || !strings.HasPrefix(ct, "application/problem+json") {
		t.Errorf("%s, Content-Type %q, body %q", got.Status, ct, got.body)
	}
}

// TestOneHostOnly has a field Host beside the authority, as HTTP/2 allows.
func TestOneHostOnly(t *testing.T) {
	app := rawBackend(t, func(c net.Conn) {
		head := readUntil(t, c, "\r\n\r\n")
		if strings.Count(strings.ToLower(head), "\r\nhost:") != 1 || !strings.Contains(head, "\r\nHost: app.example.com\r\n") {
			t.Errorf("the backend was sent %q", head)
		}
		send(t, c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://app.example.com/", nil)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0
	r.Header["Host"] = []string{"other.example"}
	w := httptest.NewRecorder()
	gw.engine.Handler(testAddress).ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		t.Errorf("status %d", w.Code)
	}
}
