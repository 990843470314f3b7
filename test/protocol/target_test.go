// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// TestNoTargetPassesByARule spells paths in all ways. Below /admin nobody gets
// in; whatever else gets through is sent on with the meaning that it was matched by.
func TestNoTargetPassesByARule(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, forbidding("/admin")))
	for target, want := range map[string]string{
		"/admin":                             "403",
		"/admin/":                            "403",
		"/admin?x":                           "403",
		"/admin#x":                           "200 /admin%23x",
		"/admin%23x":                         "200 /admin%23x",
		"/admin%3Fx":                         "200 /admin%3Fx",
		"/admin%2f":                          "403",
		"/admin%2Fx":                         "403",
		"/%61%64%6d%69%6e":                   "403",
		"//admin":                            "403",
		"///admin//x":                        "403",
		"/%2fadmin":                          "403",
		"%2fadmin":                           "400",
		"/.//admin":                          "403",
		"/x/../admin":                        "403",
		"/x/%2e%2e/admin":                    "403",
		"/x/.%2e/admin":                      "403",
		"/x%2f..%2fadmin":                    "403",
		"/x/..%2Fadmin":                      "403",
		"/x/y/../../admin":                   "403",
		"/admin/../x":                        "200 /x",
		"/admin/..":                          "200 /",
		"/admin/%2e%2e/x":                    "200 /x",
		"/../admin":                          "400",
		"/%2e%2e/admin":                      "400",
		"/x/../../admin":                     "400",
		"/x/..%5cadmin":                      "200 /x/..%5cadmin",
		"/x/..\\admin":                       "200 /x/..\\admin",
		"/%252e%252e/admin":                  "200 /%252e%252e/admin",
		"/..;/admin":                         "200 /..;/admin",
		"/admin;x":                           "200 /admin;x",
		"/admin%00":                          "200 /admin%00",
		"/admin%0d%0aX:%20y":                 "200 /admin%0d%0aX:%20y",
		"/admin%20":                          "200 /admin%20",
		"/Admin":                             "200 /Admin",
		"/admin%zz":                          "400",
		"/admin%2":                           "400",
		"/%":                                 "400",
		"/a\x7fb":                            "400",
		"/%ff%fe":                            "200 /%ff%fe",
		"/ä":                                 "200 /ä",
		"x":                                  "400",
		"":                                   "400",
		"?x":                                 "400",
		"/x?/../admin":                       "200 /x?/../admin",
		"/x?a=%zz&b=%0d%0a":                  "200 /x?a=%zz&b=%0d%0a",
		"/x?":                                "200 /x?",
		"http://a.example/admin":             "403",
		"HTTP://a.example//admin":            "403",
		"https://a.example/x/../admin":       "403",
		"ftp://a.example/admin":              "403",
		"http://a.example/x":                 "200 /x",
		"http://a.example":                   "200 /",
		"http://a.example?x":                 "200 /?x",
		"http://user:pass@a.example/x":       "200 /x",
		"http://a.example:99999/x":           "200 /x",
		"http://a.example:port/x":            "400",
		"http:///x":                          "200 /x",
		"http://a.example%2fadmin/x":         "400",
		"http://a.example%0d%0aX:y/x":        "400",
		"http://[::1]/x":                     "200 /x",
		"http://[::1/x":                      "400",
		"http://[fe80::1%25%20x]/x":          "400",
		"http:a.example/admin":               "400",
		"a.example:80":                       "400",
		"*":                                  "400",
		"javascript:alert(1)":                "400",
		"/" + strings.Repeat("../", 10_000):  "400",
		"/" + strings.Repeat("x/", 20_000):   "200",
		"/" + strings.Repeat("%2f", 20_000):  "200",
		"/" + strings.Repeat("a/../", 5_000): "200 /",
	} {
		c := dial(t, gw.address)
		c.send("GET " + target + " HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
		a := c.mustNext("GET")
		if len(target) > 1000 {
			target = target[:20] + "..."
		}
		got := fmt.Sprint(a.StatusCode)
		messages, broken := app.take()
		if len(broken) > 0 {
			t.Errorf("%q: the backend read %q", target, broken)
		}
		for _, m := range messages {
			if fault := m.fault(); fault != "" {
				t.Errorf("%q: the backend read %q: %s", target, m.line, fault)
			}
			if _, sent, _ := strings.Cut(m.line, " "); strings.Contains(want, " ") {
				got += " " + strings.TrimSuffix(sent, " HTTP/1.1")
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", target, got, want)
		}
	}
}

// TestWhichHostIsMeant names hosts in all ways, and sees which route answers.
func TestWhichHostIsMeant(t *testing.T) {
	app := newRecorder(t)
	names := []string{"secret.example", "*.wild.example", "xn--bcher-kva.example", ""}
	gw := newGateway(t, site(t, app.address, func(cfg *config.Config) {
		cfg.Routes = nil
		for _, name := range names {
			a := config.Attachment{Listener: listenerID}
			if name != "" {
				a.Hostnames = []string{name}
			}
			cfg.Routes = append(cfg.Routes, config.Route{
				ID: "HTTPRoute/test/" + name, Attachments: []config.Attachment{a}, Rules: []config.Rule{static(name)},
			})
		}
	}))
	for host, want := range map[string]string{
		"secret.example":           "secret.example",
		"SECRET.Example":           "secret.example",
		"secret.example.":          "secret.example",
		"secret.example:80":        "secret.example",
		"secret.example.:80":       "secret.example",
		"secret.example:":          "secret.example",
		"secret.example:99999":     "secret.example",
		"\tsecret.example \t":      "secret.example",
		"secret.example..":         "",
		".secret.example":          "",
		"secret.example:80:80":     "",
		"secret%2eexample":         "",
		"%73ecret.example":         "",
		"secret.example,b.example": "",
		"secret.example@b.example": "400",
		"b.example@secret.example": "400",
		"secret.example/b":         "400",
		"secret.example\\b":        "400",
		"secret.example?":          "400",
		"secret.example#":          "400",
		"secret.example b":         "400",
		"secret.example\x00":       "400",
		"":                         "400",
		" ":                        "400",
		"a.wild.example":           "*.wild.example",
		"a.b.wild.example.:1":      "*.wild.example",
		"wild.example":             "",
		".wild.example":            "",
		"[::1]":                    "",
		"[::1]:80":                 "",
		"[::1":                     "",
		"::1":                      "",
		"127.1:80":                 "",
		"xn--bcher-kva.example":    "xn--bcher-kva.example",
		"XN--BCHER-KVA.example":    "xn--bcher-kva.example",
		"bücher.example":           "400",
		"\u212aelvin.example":      "400",
		strings.Repeat("a.", 20_000) + "wild.example": "*.wild.example",
	} {
		c := dial(t, gw.address)
		c.send("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
		a := c.mustNext("GET")
		got := a.body
		if a.StatusCode != 200 {
			got = fmt.Sprint(a.StatusCode)
		}
		if got != want {
			t.Errorf("Host %.40q: answer of %q, want %q", host, got, want)
		}
	}
	for request, want := range map[string]string{
		"GET http://secret.example/ HTTP/1.1\r\nHost: b.example\r\n":                "secret.example",
		"GET http://b.example/ HTTP/1.1\r\nHost: secret.example\r\n":                "",
		"GET http://u@secret.example:80/ HTTP/1.1\r\nHost: b.example\r\n":           "secret.example",
		"GET http://secret.example@b.example/ HTTP/1.1\r\nHost: s\r\n":              "",
		"GET http:///x HTTP/1.1\r\nHost: secret.example\r\n":                        "secret.example",
		"GET http://secret.example/ HTTP/1.1\r\n":                                   "400",
		"GET http://secret.example/ HTTP/1.0\r\n":                                   "secret.example",
		"GET / HTTP/1.1\r\nHost: b.example\r\nX-Forwarded-Host: secret.example\r\n": "",
		"CONNECT secret.example:443 HTTP/1.1\r\nHost: secret.example\r\n":           "501",
		"CONNECT secret.example:443 HTTP/1.1\r\nHost: b.example\r\n":                "501",
		"OPTIONS * HTTP/1.1\r\nHost: secret.example\r\n":                            "",
	} {
		c := dial(t, gw.address)
		c.send(request + "Connection: close\r\n\r\n")
		a := c.mustNext("GET")
		got := a.body
		if a.StatusCode != 200 {
			got = fmt.Sprint(a.StatusCode)
		}
		if got != want {
			t.Errorf("%q: answer of %q, want %q", request, got, want)
		}
	}
}

// TestClientsCantStripFieldsOfTheProxy names fields as those of the connection
// that the proxy and its filters write.
func TestClientsCantStripFieldsOfTheProxy(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, func(cfg *config.Config) {
		cfg.Routes[0].Rules[0].Filters = []config.Filter{{RequestHeaders: &config.HeaderModifier{Set: []config.Header{{Name: "X-Tenant", Value: "a"}}}}}
	}))
	c := dial(t, gw.address)
	c.send("GET / HTTP/1.1\r\nHost: a.example\r\n" +
		"Connection: close, keep-alive, X-Forwarded-For, x-forwarded-proto, X-Forwarded-Host, X-Forwarded-Port\r\n" +
		"Connection: X-Tenant ,\tHost,, X-Mine, Connection, \"X-Kept\"\r\n" +
		"Keep-Alive: timeout=1\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nProxy-Authenticate: x\r\nTE: gzip;q=1\r\nTrailer: X\r\n" +
		"X-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\nX-Forwarded-Prefix: /x\r\nForwarded: for=10.0.0.3\r\n" +
		"X-Tenant: b\r\nX-Mine: 1\r\nX-Kept: 1\r\n\r\n")
	a := c.mustNext("GET")
	if a.StatusCode != 200 || !a.Close {
		t.Errorf("%s, close %v", a.Status, a.Close)
	}
	messages, _ := app.take()
	if len(messages) != 1 {
		t.Fatalf("the backend read %+v", messages)
	}
	for name, want := range map[string]string{
		"Host": "a.example", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "a.example",
		"X-Forwarded-Port": "80", "X-Tenant": "a", "X-Kept": "1", "X-Mine": "", "Connection": "", "Keep-Alive": "",
		"Proxy-Connection": "", "Proxy-Authorization": "", "Proxy-Authenticate": "", "Te": "", "Trailer": "",
		"X-Forwarded-Prefix": "", "Forwarded": "", "Content-Length": "", "Transfer-Encoding": "",
	} {
		if got := strings.Join(messages[0].values(name), "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
