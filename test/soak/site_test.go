// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package soak

import (
	"context"
	"fmt"
	"net/http"
	"slices"
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
)

// site is what the proxy serves: the part under load, which stays, and beside it
// a route, endpoints, a certificate and a listener that change.
type site struct {
	proxy    *proxy
	backends *backends
	http     string // address of the listeners under load
	https    string
	extra    string // address of the listener that comes and goes
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
	s := &site{proxy: p, backends: b, http: loopback.FreeAddress(t), https: loopback.FreeAddress(t), extra: loopback.FreeAddress(t), tlsCA: certtest.NewCA(t, "soak test")}
	for i := range s.chains {
		pair := s.tlsCA.Issue(tlsHost, tlsHost)
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
		},
		Certificates: []config.Certificate{named("Secret/soak/tls", s.chains[0]), named("Secret/soak/other", s.chains[s.certificate])},
		Backends: []config.Backend{
			{ID: "Service/soak/web/80", Endpoints: s.webEndpoints()},
			{ID: "Service/soak/grpc/80", Protocol: config.BackendHTTP2, Endpoints: []config.Endpoint{{Address: s.backends.grpc}}},
		},
		Routes: []config.Route{
			s.newRoute("web", webHost, "Service/soak/web/80", "soak/gw/http"),
			s.newRoute("grpc", grpcHost, "Service/soak/grpc/80", "soak/gw/http"),
			s.newRoute("tls", tlsHost, "Service/soak/web/80", "soak/gw/https"),
		},
	}
	if s.route {
		cfg.Routes = append(cfg.Routes, s.newRoute("coming-and-going", "elsewhere.test", "Service/soak/web/80", "soak/gw/http"))
	}
	if s.listener {
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: "soak/gw/extra", Gateway: "soak/gw", Protocol: config.HTTP, Port: 8080, Address: s.extra,
		})
	}
	config.Seal(cfg)
	return cfg
}

func (s *site) webEndpoints() []config.Endpoint {
	eps := []config.Endpoint{{Address: s.backends.web}}
	if s.moreEndpoints {
		for _, a := range s.backends.replicas {
			eps = append(eps, config.Endpoint{Address: a})
		}
	}
	return eps
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
			Base:     running.Version,
			Backends: []config.BackendEndpoints{{ID: "Service/soak/web/80", Endpoints: s.webEndpoints()}},
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
	s := newSite(t, &proxy{}, &backends{web: "127.0.0.1:1", grpc: "127.0.0.1:2", replicas: []string{"127.0.0.1:3"}})
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
