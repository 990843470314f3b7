// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// listeners makes a configuration with a listener for each hostname, each with a
// route for the path "/<hostname>" only, which answers by itself.
func listeners(protocol config.Protocol, hostnames ...string) *config.Config {
	cfg := &config.Config{Gateways: []config.Gateway{{ID: "test/web"}}}
	for _, hostname := range hostnames {
		id := "test/web/" + hostname
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: id, Gateway: "test/web", Protocol: protocol, Port: 80, Hostname: hostname,
		})
		cfg.Routes = append(cfg.Routes, config.Route{
			ID:          "HTTPRoute/" + id,
			Attachments: []config.Attachment{{Listener: id}},
			Rules: []config.Rule{{
				Matches: []config.Match{{Path: &config.PathMatch{Type: config.Exact, Value: "/" + hostname}}},
				Filters: []config.Filter{{StaticResponse: &config.StaticResponse{Status: 200, Body: []byte(hostname)}}},
			}},
		})
	}
	return cfg
}

// TestListenerIsolation is the table of the conformance test
// GatewayHTTPListenerIsolation: the most specific listener serves, or nobody.
func TestListenerIsolation(t *testing.T) {
	hostnames := []string{"", "*.example.com", "*.foo.example.com", "abc.foo.example.com"}
	gw := newGateway(t, listeners(config.HTTP, hostnames...))
	client := newClient(t)
	for host, serves := range map[string]string{
		"bar.com": "", "bar.example.com": "*.example.com", "bar.foo.example.com": "*.foo.example.com",
		"abc.foo.example.com": "abc.foo.example.com", "ABC.foo.Example.com:8080": "abc.foo.example.com",
	} {
		for _, hostname := range hostnames {
			r := newRequest(t, http.MethodGet, gw.URL+"/"+hostname, nil)
			r.Host = host
			want := http.StatusNotFound
			if hostname == serves {
				want = http.StatusOK
			}
			if got := do(t, client, r); got.StatusCode != want {
				t.Errorf("host %s, route of listener %q: %d, want %d", host, hostname, got.StatusCode, want)
			}
		}
	}
}

// TestMisdirectedRequests is the table of the conformance test
// HTTPRouteHTTPSListenerDetectMisdirectedRequests.
func TestMisdirectedRequests(t *testing.T) {
	app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
	cfg := oneBackend(app, config.BackendHTTP)
	cfg.Listeners = nil
	routes := map[string]string{
		"": "example.org", "second-example.org": "second-example.org",
		"*.wildcard.org": "*.wildcard.org", "fourth-example.wildcard.org": "fourth-example.wildcard.org",
	}
	rule := cfg.Routes[0].Rules
	cfg.Routes = nil
	for hostname, route := range routes {
		id := "test/web/" + hostname
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: id, Gateway: "test/web", Protocol: config.HTTPS, Port: 80, Hostname: hostname,
		})
		cfg.Routes = append(cfg.Routes, config.Route{
			ID: "HTTPRoute/" + id, Rules: rule,
			Attachments: []config.Attachment{{Listener: id, Hostnames: []string{route}}},
		})
	}
	engine := New(Options{})
	defer engine.Close()
	(&gatewayFixture{engine: engine}).apply(t, cfg)
	server := httptest.NewUnstartedServer(engine.Handler(testAddress))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	address := server.Listener.Addr().String()

	for _, tt := range []struct {
		sni, host string
		want      int
	}{
		{"example.org", "example.org", 200},
		{"example.org", "second-example.org", 421},
		{"example.org", "unknown-example.org", 404},
		{"second-example.org", "second-example.org", 200},
		{"second-example.org", "example.org", 421},
		{"second-example.org", "unknown-example.org", 421},
		{"third-example.wildcard.org", "third-example.wildcard.org", 200},
		{"third-example.wildcard.org", "fith-example.wildcard.org", 200},
		{"third-example.wildcard.org", "fourth-example.wildcard.org", 421},
		{"third-example.wildcard.org", "second-example.org", 421},
		{"third-example.wildcard.org", "unknown-example.org", 421},
		{"fourth-example.wildcard.org", "fourth-example.wildcard.org", 200},
		{"fourth-example.wildcard.org", "fith-example.wildcard.org", 421},
		{"unknown-example.org", "example.org", 200},
		{"unknown-example.org", "unknown-example.org", 404},
	} {
		client := newClient(t, withSNI(address, tt.sni))
		got := get(t, client, "https://"+tt.host+"/")
		if got.StatusCode != tt.want || got.ProtoMajor != 2 {
			t.Errorf("SNI %s, host %s: %s %d, want %d", tt.sni, tt.host, got.Proto, got.StatusCode, tt.want)
		}
	}
}

func TestRequestsThatAreNotForwarded(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Target", r.RequestURI+" "+r.Host) })
	gw := newGateway(t, oneBackend(app, config.BackendHTTP))
	for request, want := range map[string]string{
		"GET / HTTP/1.0\r\n\r\n":                                                             "400",
		"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n":                               "400",
		"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nConnection: close\r\n\r\n": "501",
		"OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n":                 "200",
		"OPTIONS /x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n":                "200 /x a.example",
		"GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":          "200 /x?y b.example",
		"GET / HTTP/1.0\r\nHost: a.example\r\n\r\n":                                          "200 / a.example",
	} {
		lines := rawRequest(t, gw.Address, request)
		got := lines[0][9:12]
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, "X-Target: "); ok {
				got += " " + value
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", request, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*config.Config){
		`HTTPRoute/test/web: rules[0].backends[0].backend: there is no backend "gone"`: func(c *config.Config) {
			c.Routes[0].Rules[0].Backends[0].Backend = "gone"
		},
		`test/web/http: gateway: there is no gateway "gone"`: func(c *config.Config) { c.Listeners[0].Gateway = "gone" },
		`test/web/again: hostname: listener "test/web/http" has the hostname "" on the same address`: func(c *config.Config) {
			again := c.Listeners[0]
			again.ID = "test/web/again"
			c.Listeners = append(c.Listeners, again)
		},
	} {
		cfg := oneBackend("127.0.0.1:1", config.BackendHTTP)
		spoil(cfg)
		engine := New(Options{})
		_, err := engine.Compile(cfg)
		engine.Close()
		if fmt.Sprint(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
