// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// besideTLS is HTTPS for all below example.com, but for what belongs to listeners of
// connections.
func besideTLS(address string) *config.Config {
	cfg := oneBackend(address, config.BackendHTTP)
	cfg.Listeners[0].Protocol, cfg.Listeners[0].Hostname = config.HTTPS, "*.example.com"
	cfg.Listeners = append(cfg.Listeners,
		config.Listener{ID: "test/web/tls", Gateway: "test/web", Protocol: config.TLS, Port: 80, Hostname: "db.example.com"},
		config.Listener{ID: "test/web/udp", Gateway: "test/web", Protocol: config.UDP, Port: 80},
		config.Listener{ID: "test/web/tcp", Gateway: "test/web", Protocol: config.TCP, Port: 81},
	)
	cfg.Routes = append(cfg.Routes, config.Route{
		ID: "TLSRoute/test/db", Protocol: config.RouteTLS,
		Attachments: []config.Attachment{{Listener: "test/web/tls"}},
		Rules:       []config.Rule{{Backends: to("app")}},
	})
	return cfg
}

// The hostname of a TLS listener is none of an HTTPS listener beside it.
func TestRequestsForTLSListeners(t *testing.T) {
	engine := New(Options{})
	defer engine.Close()
	app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
	(&gatewayFixture{engine: engine}).apply(t, besideTLS(app))
	server := httptest.NewUnstartedServer(engine.Handler(testAddress))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	for _, tt := range []struct {
		sni, host string
		want      int
	}{
		{"www.example.com", "www.example.com", 200},
		{"www.example.com", "db.example.com", 421},
		// On connections that were made when there was another listener.
		{"db.example.com", "db.example.com", 421},
		{"db.example.com", "www.example.com", 421},
		{"db.example.com", "example.org", 404},
	} {
		client := newClient(t, withSNI(server.Listener.Addr().String(), tt.sni))
		if got := get(t, client, "https://"+tt.host+"/"); got.StatusCode != tt.want {
			t.Errorf("SNI %s, host %s: %d, want %d", tt.sni, tt.host, got.StatusCode, tt.want)
		}
	}
}

// The backends for connections are others than those for requests, follow the same
// endpoints, and stay the same from one configuration to the next.
func TestBackendsForConnections(t *testing.T) {
	gw := newGateway(t, oneBackend("127.0.0.1:1", overTLS1))
	compile := func() (*Table, []any) {
		t.Helper()
		table, err := gw.engine.Compile(oneBackend("127.0.0.1:1", overTLS1))
		if err != nil {
			t.Fatal(err)
		}
		over, err := table.Bytes("app", "test/web")
		if err != nil {
			t.Fatal(err)
		}
		again, err := table.Bytes("app", "test/web")
		if err != nil || again != over {
			t.Errorf("%p and %p, %v", again, over, err)
		}
		through, err := table.Passthrough("app")
		if err != nil || through == over {
			t.Errorf("%p in clear text and %p over TLS, %v", through, over, err)
		}
		_, err = table.Passthrough("none")
		if _, ok := errors.AsType[*config.Refusal](err); !ok {
			t.Error(err)
		}
		if table.Metrics() == nil {
			t.Error("no series")
		}
		return table, []any{over, through}
	}
	table, first := compile()
	gw.engine.Swap(table)
	address := rawBackend(t, func(net.Conn) {})
	if err := gw.engine.SetEndpoints([]config.BackendEndpoints{{ID: "app", Endpoints: []config.Endpoint{{Address: address}}}}); err != nil {
		t.Fatal(err)
	}
	through, err := gw.engine.registry.Get(&upstream.Spec{ID: "app", Protocol: upstream.Bytes}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := through.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Endpoint() != address {
		t.Errorf("dialled %s", c.Endpoint())
	}
	c.Close()
	table, second := compile()
	if first[0] != second[0] || first[1] != second[1] {
		t.Error("another configuration makes others")
	}
	gw.engine.Swap(table)
}
