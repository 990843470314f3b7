// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// corsFor allows one origin, with credentials.
func corsFor(origin string) config.Filter {
	return config.Filter{CORS: &config.CORS{AllowOrigins: []string{origin}, AllowCredentials: true, AllowMethods: []string{"PUT"}}}
}

// from is a request of a page.
func from(t testing.TB, origin, method, url string) *http.Request {
	t.Helper()
	r := newRequest(t, method, url, nil)
	r.Header.Set("Origin", origin)
	return r
}

// preflightOf asks about a request with a method.
func preflightOf(t testing.TB, method, url string) *http.Request {
	t.Helper()
	r := from(t, "https://a.com", http.MethodOptions, url)
	r.Header.Set("Access-Control-Request-Method", method)
	return r
}

// corsOf is what a response says to browsers: the status, whose it is, and who may
// read it.
func corsOf(a answer) string {
	said := a.Status[:3] + " " + strings.Join(a.Header["Access-Control-Allow-Origin"], " ")
	if a.Header.Get("X-App") != "" {
		said += " by the backend"
	}
	return strings.Join(strings.Fields(said), " ")
}

// TestCORSIsForAllAnswers that a page may want to read.
func TestCORSIsForAllAnswers(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol config.BackendProtocol, client *http.Client) {
		app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-App", "app")
			w.Header().Set("Vary", "Accept")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Allow-Methods", "PATCH")
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
			}
		})
		backends := []config.Backend{backendAt("app", app, protocol), backendAt("dead", deadAddress(t), protocol), {ID: "empty"}}
		for want, rule := range map[string]config.Rule{
			"200 https://a.com by the backend": {Filters: []config.Filter{corsFor("https://a.com")}, Backends: to("app")},
			"200 by the backend":               {Filters: []config.Filter{corsFor("https://b.com")}, Backends: to("app")},
			"200 * by the backend":             {Backends: to("app")},
			"500 https://a.com":                {Filters: []config.Filter{corsFor("https://a.com")}},
			"502 https://a.com":                {Filters: []config.Filter{corsFor("https://a.com")}, Backends: to("dead")},
			"503 https://a.com":                {Filters: []config.Filter{corsFor("https://a.com")}, Backends: to("empty")},
			"504 https://a.com": {
				Filters: []config.Filter{corsFor("https://a.com"), rewriteTo("/slow")}, Backends: to("app"),
				Timeouts: &config.Timeouts{Request: config.Duration(50 * time.Millisecond)},
			},
			"302 https://a.com": {Filters: []config.Filter{corsFor("https://a.com"), {Redirect: &config.Redirect{Scheme: "https"}}}},
			"403 https://a.com": {
				Filters: []config.Filter{corsFor("https://a.com"), {AccessControl: &config.AccessControl{Deny: []string{"0.0.0.0/0"}}}}, Backends: to("app"),
			},
			// What comes before CORS keeps even that from being known.
			"403": {
				Filters:  []config.Filter{{AccessControl: &config.AccessControl{Deny: []string{"0.0.0.0/0"}}}, corsFor("https://a.com")},
				Backends: to("app"),
			},
			"302": {Filters: []config.Filter{{Redirect: &config.Redirect{Scheme: "https"}}, corsFor("https://a.com")}},
			"501": {ErrorStatus: 501, Filters: []config.Filter{corsFor("https://a.com")}, Backends: to("app")},
		} {
			gw := newGateway(t, oneRule(rule, backends...))
			got := do(t, client, from(t, "https://a.com", http.MethodGet, gw.URL))
			if corsOf(got) != want {
				t.Errorf("%s, want %s", corsOf(got), want)
			}
			if methods := got.Header["Access-Control-Allow-Methods"]; len(methods) > 0 && want != "200 * by the backend" {
				t.Errorf("%s: the fields of the backend are there: %v", want, got.Header)
			}
		}
	})
}

// TestPreflights have the rules of the requests that they ask about.
func TestPreflights(t *testing.T) {
	var reached []string
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		reached = append(reached, r.Method+" "+r.URL.Path)
		w.Header().Set("X-App", "app")
	})
	at := func(method, path string, filters ...config.Filter) config.Rule {
		return config.Rule{
			Matches: []config.Match{{Method: method, Path: &config.PathMatch{Type: config.Prefix, Value: path}}},
			Filters: filters, Backends: to("app"),
		}
	}
	everybody := []string{"0.0.0.0/0"}
	onBackend := at("", "/on-backend")
	onBackend.Backends = []config.WeightedBackend{{Backend: "app", Weight: 1, Filters: []config.Filter{corsFor("https://a.com")}}}
	onSome := at("PUT", "/on-some")
	onSome.Backends = append([]config.WeightedBackend{{Backend: "app", Weight: 1}}, onBackend.Backends...)
	invalid := at("PUT", "/invalid", corsFor("https://a.com"))
	invalid.ErrorStatus = http.StatusNotImplemented
	cfg := oneRule(at("PUT", "/put", corsFor("https://a.com")), backendAt("app", app, ""))
	cfg.Routes[0].Rules = append(cfg.Routes[0].Rules,
		at("POST", "/put"), at("OPTIONS", "/put/options"),
		at("", "/any", corsFor("https://a.com")), at("", "/other", corsFor("https://b.com")),
		at("", "/denied", config.Filter{AccessControl: &config.AccessControl{Deny: everybody}}, corsFor("https://a.com")),
		at("", "/moved", config.Filter{Redirect: &config.Redirect{Scheme: "https"}}, corsFor("https://a.com")),
		at("", "/moves", corsFor("https://a.com"), config.Filter{Redirect: &config.Redirect{Scheme: "https"}}),
		at("", "/none"), onBackend, onSome, invalid, at("", "/"),
	)
	cfg.Routes[0].Rules[len(cfg.Routes[0].Rules)-1].Filters = []config.Filter{{StaticResponse: &config.StaticResponse{Status: 418}}}
	gw := newGateway(t, cfg)
	client := newClient(t)
	for _, tc := range []struct{ method, path, want string }{
		{"PUT", "/put", "204 https://a.com"},
		{"PUT", "/put/options", "204 https://a.com"}, // the longer prefix takes no PUT
		{"POST", "/put/options", "200 by the backend"},
		{"POST", "/put", "418"},
		{"PATCH", "/put", "418"},
		{"PATCH", "/any", "204 https://a.com"},
		{"PUT", "/other", "204"},
		{"PUT", "/denied", "403"},
		{"PUT", "/moved", "302"},
		{"PUT", "/moves", "204 https://a.com"},
		{"PUT", "/none", "200 by the backend"},
		{"PUT", "/on-backend", "204 https://a.com"},
		{"PUT", "/on-some", "418"},
		{"PUT", "/invalid", "418"},
	} {
		if got := corsOf(do(t, client, preflightOf(t, tc.method, gw.URL+tc.path))); got != tc.want {
			t.Errorf("preflight of %s %s: %s, want %s", tc.method, tc.path, got, tc.want)
		}
	}
	// One that is none is a request as any other.
	do(t, client, from(t, "https://a.com", http.MethodOptions, gw.URL+"/any/options"))
	if diff := cmp.Diff([]string{"OPTIONS /put/options", "OPTIONS /none", "OPTIONS /any/options"}, reached); diff != "" {
		t.Errorf("requests that got to the backend (-want +got):\n%s", diff)
	}
}

// TestModifiersAndCORS change one response.
func TestModifiersAndCORS(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Origin")) })
	filter := corsFor("https://a.com")
	filter.CORS.ExposeHeaders = []string{"*"}
	gw := newGateway(t, oneRule(config.Rule{Backends: to("app"), Filters: []config.Filter{
		filter,
		{ResponseHeaders: &config.HeaderModifier{Set: []config.Header{
			{Name: "X-Late", Value: "1"}, {Name: "Vary", Value: "Accept"}, {Name: "Access-Control-Allow-Origin", Value: "https://b.com"},
		}}},
	}}, backendAt("app", app, "")))
	got := do(t, newClient(t), from(t, "https://a.com", http.MethodGet, gw.URL))
	if got.body != "https://a.com" {
		t.Errorf("the backend received the origin %q", got.body)
	}
	for name, want := range map[string][]string{
		"X-Late": {"1"}, "Vary": {"Accept", "Origin"}, "Access-Control-Allow-Origin": {"https://a.com"},
		"Access-Control-Expose-Headers": {"Date, Vary, X-Late"},
	} {
		if diff := cmp.Diff(want, got.Header[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
