// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// The names of what is under load. Everything else comes and goes.
const (
	webHost  = "web.test"
	tlsHost  = "tls.test"
	grpcHost = "grpc.test"
	passHost = "pass.test" // TLS that the backend terminates
	termHost = "term.test" // TLS that the proxy terminates
)

// site is what the proxy serves: the part under load, which stays, and beside it
// a route, endpoints, a certificate and a listener that change.
type site struct {
	proxy    *proxy
	backends *backends
	http     string // address of the listeners under load
	https    string
	tcp      string
	udp      string
	extra    string // address of the listeners that come and go
	tlsCA    *certtest.CA
	chains   [2]config.Certificate

	// The state of the changing part.
	round         int
	route         bool
	listener      bool
	certificate   int
	moreEndpoints bool
}

// newSite chooses addresses and makes certificates.
func newSite(t *testing.T, p *proxy, b *backends) *site {
	t.Helper()
	free := loopback.FreeAddresses(t, 5)
	s := &site{proxy: p, backends: b, http: free[0], https: free[1], tcp: free[2], udp: free[3], extra: free[4], tlsCA: certtest.NewCA(t, "soak test")}
	for i := range s.chains {
		pair := s.tlsCA.Issue(tlsHost, tlsHost, termHost)
		s.chains[i] = config.Certificate{Chain: string(pair.Cert), Key: string(pair.Key)}
	}
	return s
}

// config gives the configuration of the current state.
func (s *site) config() *config.Config {
	cfg := &config.Config{
		Gateways: []config.Gateway{{ID: "soak/gw"}},
		Listeners: []config.Listener{
			{ID: "soak/gw/http", Gateway: "soak/gw", Protocol: config.HTTP, Port: 80, Address: s.http},
			{ID: "soak/gw/https", Gateway: "soak/gw", Protocol: config.HTTPS, Port: 443, Address: s.https, Hostname: tlsHost,
				TLS: &config.ListenerTLS{Certificates: []string{"Secret/soak/tls"}}},
			{ID: "soak/gw/other", Gateway: "soak/gw", Protocol: config.HTTPS, Port: 443, Address: s.https, Hostname: "other.test",
				TLS: &config.ListenerTLS{Certificates: []string{"Secret/soak/other"}}},
			{ID: "soak/gw/pass", Gateway: "soak/gw", Protocol: config.TLS, Port: 443, Address: s.https, Hostname: passHost,
				TLS: &config.ListenerTLS{Mode: config.TLSPassthrough}},
			{ID: "soak/gw/term", Gateway: "soak/gw", Protocol: config.TLS, Port: 443, Address: s.https, Hostname: termHost,
				TLS: &config.ListenerTLS{Certificates: []string{"Secret/soak/other"}}},
			{ID: "soak/gw/tcp", Gateway: "soak/gw", Protocol: config.TCP, Port: 9000, Address: s.tcp},
			{ID: "soak/gw/udp", Gateway: "soak/gw", Protocol: config.UDP, Port: 9000, Address: s.udp},
		},
		Certificates: []config.Certificate{named("Secret/soak/tls", s.chains[0]), named("Secret/soak/other", s.chains[s.certificate])},
		Backends: []config.Backend{
			{ID: "Service/soak/web/80", Endpoints: s.endpoints(s.backends.web)},
			{ID: "Service/soak/grpc/80", Protocol: config.BackendHTTP2, Endpoints: []config.Endpoint{{Address: s.backends.grpc}}},
			{ID: "Service/soak/tcp/9000", Endpoints: s.endpoints(s.backends.tcp)},
			{ID: "Service/soak/tls/9443", Endpoints: []config.Endpoint{{Address: s.backends.tls}}},
			{ID: "Service/soak/udp/9000/UDP", Endpoints: s.endpoints(s.backends.udp)},
		},
		Routes: []config.Route{
			s.newRoute("web", webHost, "Service/soak/web/80", "soak/gw/http"),
			s.newRoute("grpc", grpcHost, "Service/soak/grpc/80", "soak/gw/http"),
			s.newRoute("tls", tlsHost, "Service/soak/web/80", "soak/gw/https"),
			stream(config.RouteTLS, "pass", "Service/soak/tls/9443", "soak/gw/pass", passHost),
			stream(config.RouteTLS, "term", "Service/soak/tcp/9000", "soak/gw/term", termHost),
			stream(config.RouteTCP, "tcp", "Service/soak/tcp/9000", "soak/gw/tcp"),
			stream(config.RouteUDP, "udp", "Service/soak/udp/9000/UDP", "soak/gw/udp"),
		},
	}
	if s.route {
		// Those of connections and datagrams come before the ones under load, and take
		// what is new from them.
		cfg.Routes = append(cfg.Routes, s.newRoute("coming-and-going", "elsewhere.test", "Service/soak/web/80", "soak/gw/http"),
			stream(config.RouteTLS, "coming-and-going", "Service/soak/tls/9443", "soak/gw/pass", passHost),
			stream(config.RouteTCP, "coming-and-going", "Service/soak/tcp/9000", "soak/gw/tcp"),
			stream(config.RouteUDP, "coming-and-going", "Service/soak/udp/9000/UDP", "soak/gw/udp"))
	}
	if s.listener {
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: "soak/gw/extra", Gateway: "soak/gw", Protocol: config.HTTP, Port: 8080, Address: s.extra,
		}, config.Listener{
			ID: "soak/gw/extra-udp", Gateway: "soak/gw", Protocol: config.UDP, Port: 8080, Address: s.extra,
		}, config.Listener{
			ID: "soak/gw/extra-tls", Gateway: "soak/gw", Protocol: config.TLS, Port: 443, Address: s.https, Hostname: "extra.test",
			TLS: &config.ListenerTLS{Mode: config.TLSPassthrough},
		})
	}
	config.Seal(cfg)
	return cfg
}

// endpoints are the first address, and the others now and then.
func (s *site) endpoints(addresses []string) []config.Endpoint {
	if !s.moreEndpoints {
		addresses = addresses[:1]
	}
	eps := make([]config.Endpoint, 0, len(addresses))
	for _, a := range addresses {
		eps = append(eps, config.Endpoint{Address: a})
	}
	return eps
}

func stream(protocol config.RouteProtocol, name, backend, listener string, hosts ...string) config.Route {
	return config.Route{
		ID: strings.ToUpper(string(protocol)) + "Route/soak/" + name, Protocol: protocol,
		Attachments: []config.Attachment{{Listener: listener, Hostnames: hosts}},
		Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: backend, Weight: 1}}}},
	}
}

func (s *site) newRoute(name, host, backend, listener string) config.Route {
	return config.Route{
		ID:          "HTTPRoute/soak/" + name,
		Attachments: []config.Attachment{{Listener: listener, Hostnames: []string{host}}},
		Rules:       []config.Rule{{Backends: []config.WeightedBackend{{Backend: backend, Weight: 1}}}},
	}
}

func named(id string, c config.Certificate) config.Certificate {
	c.ID = id
	return c
}

// change makes one change after the other until ctx ends and counts them.
func (s *site) change(ctx context.Context, interval time.Duration) (int64, error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	running := s.config()
	for n := int64(0); ; n++ {
		select {
		case <-ctx.Done():
			return n, nil
		case <-tick.C:
		}
		next, err := s.push(running)
		if err != nil {
			return n, err
		}
		running = next
	}
}

// push makes the next change of the round: by a delta, or, for endpoints, by
// their own path.
func (s *site) push(running *config.Config) (*config.Config, error) {
	// A change that was begun is finished also when the time is up.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	s.round++
	switch s.round % 4 {
	case 0:
		s.route = !s.route
	case 1:
		s.certificate = 1 - s.certificate
	case 2:
		s.listener = !s.listener
	case 3:
		s.moreEndpoints = !s.moreEndpoints
		next := s.config()
		_, err := s.proxy.do(ctx, http.MethodPatch, config.PathEndpoints, &config.EndpointsUpdate{
			Base: running.Version,
			Backends: []config.BackendEndpoints{
				{ID: "Service/soak/web/80", Endpoints: s.endpoints(s.backends.web)},
				{ID: "Service/soak/tcp/9000", Endpoints: s.endpoints(s.backends.tcp)},
				{ID: "Service/soak/udp/9000/UDP", Endpoints: s.endpoints(s.backends.udp)},
			},
		})
		return next, wrap("endpoints", err)
	}
	next := s.config()
	delta := config.Diff(running, next)
	_, err := s.proxy.do(ctx, http.MethodPatch, config.PathConfig, delta)
	return next, wrap("configuration", err)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("pushing %s: %w", what, err)
	}
	return nil
}

// TestSiteChanges keeps the soak test honest: each kind of change really changes
// the configuration, and the endpoints do not change its version.
func TestSiteChanges(t *testing.T) {
	s := newSite(t, &proxy{}, &backends{
		web: []string{"127.0.0.1:1", "127.0.0.1:3"}, grpc: "127.0.0.1:2",
		tcp: []string{"127.0.0.1:4", "127.0.0.1:5"}, tls: "127.0.0.1:6", udp: []string{"127.0.0.1:7", "127.0.0.1:8"},
	})
	base := s.config()
	if err := base.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, flip := range map[string]func(){
		"route":       func() { s.route = true },
		"certificate": func() { s.certificate = 1 },
		"listener":    func() { s.listener = true },
	} {
		before := s.config().Version
		flip()
		if s.config().Version == before {
			t.Errorf("the change of the %s changes nothing", name)
		}
	}
	before := s.config()
	s.moreEndpoints = true
	after := s.config()
	if before.Version != after.Version {
		t.Error("the version depends on the endpoints")
	}
	if slices.Equal(before.Backends[1].Endpoints, after.Backends[1].Endpoints) {
		t.Error("the change of the endpoints changes nothing")
	}
}
