// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"fmt"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// idleFor is a timeout that passes in a test.
func idleFor(d time.Duration) func(*config.Config) {
	return func(c *config.Config) { c.Gateways[0].Limits.UDPIdleTimeout = config.Duration(d) }
}

func TestSessionsKeepTheirEndpoint(t *testing.T) {
	echoes := make([]*echo, 5)
	addresses := make([]string, len(echoes))
	for i := range echoes {
		echoes[i] = newEcho(t)
		addresses[i] = echoes[i].address()
	}
	g := newGateway(t)
	cfg := single(t, addresses...)
	g.mustApply(cfg)
	c := newClient(t, g.address())
	mine := c.ask()
	port := c.LocalAddr()
	for i := range 50 {
		// The route is another each time, older ones come and go, the other endpoints
		// do, and this one drains.
		cfg.Routes[0].Created = int64(1000 + i)
		cfg.Routes[0].Rules[0].Backends = []config.WeightedBackend{weighted("app", int32(i%2)), weighted("", int32(i))}
		cfg.Routes = cfg.Routes[:1]
		if i%2 == 0 {
			older := cfg.Routes[0]
			older.ID, older.Created, older.Rules = "UDPRoute/test/older", 1, []config.Rule{{}}
			cfg.Routes = append(cfg.Routes, older)
		}
		cfg.Backends[0].Endpoints = []config.Endpoint{
			{Address: addresses[i%len(addresses)]}, {Address: fmt.Sprintf("127.0.0.1:%d", 1+i)},
		}
		if cfg.Backends[0].Endpoints[0].Address != mine {
			cfg.Backends[0].Endpoints = append(cfg.Backends[0].Endpoints, config.Endpoint{Address: mine, Draining: true})
		}
		g.mustApply(cfg)
		if got := c.ask(); got != mine {
			t.Fatalf("after %d changes %s answers", i, got)
		}
		g.setEndpoints(backendID("app"), mine, addresses[(i+1)%len(addresses)])
		if got := c.ask(); got != mine {
			t.Fatalf("after %d changes of endpoints %s answers", i, got)
		}
	}
	if got := g.metric("udp_sessions_opened_total", routeID); got != 1 {
		t.Errorf("%v sessions of %s", got, port)
	}
}

func TestEndpointLeaves(t *testing.T) {
	a, b, other := newEcho(t), newEcho(t), newEcho(t)
	g := newGateway(t)
	backends := map[string][]string{"app": {a.address(), b.address()}, "other": {other.address()}}
	cfg := site(t, backends, weighted("app", 1), weighted("other", 1))
	g.mustApply(cfg)
	c := newClient(t, g.address())
	first := c.ask()
	rest := map[string]string{a.address(): b.address(), b.address(): a.address()}[first]
	g.setEndpoints(backendID("app"), rest)
	for range 3 {
		if got := c.ask(); got != rest {
			t.Errorf("%s answers, want %s of the same backend", got, rest)
		}
	}
	g.setEndpoints(backendID("app"))
	c.send("hello")
	eventually(t, "there is no endpoint", func() bool { return g.dropped("no_endpoint") == 1 })
	g.setEndpoints(backendID("app"), first)
	if got := c.ask(); got != first {
		t.Errorf("%s answers, want %s", got, first)
	}
	if got := g.metric("udp_sessions_opened_total", routeID); got != 1 {
		t.Errorf("%v sessions, want one all the time", got)
	}
}

// What can't go on with a backend begins anew.
func TestBackendOrRouteLeaves(t *testing.T) {
	old, next := newEcho(t), newEcho(t)
	g := newGateway(t)
	both := map[string][]string{"old": {old.address()}, "next": {next.address()}}
	cfg := site(t, both, weighted("old", 1))
	g.mustApply(cfg)
	c := newClient(t, g.address())
	c.ask()
	g.mustApply(site(t, both, weighted("next", 1)))
	if got := g.sessions(); got != 0 {
		t.Errorf("%d sessions of a backend that is gone", got)
	}
	if got := c.ask(); got != next.address() {
		t.Errorf("%s answers after the backend has gone", got)
	}
	cfg.Routes[0].ID = "UDPRoute/test/another"
	g.mustApply(cfg)
	if got := c.ask(); got != old.address() {
		t.Errorf("%s answers after the route has gone", got)
	}
}

// A client of the share that could not be resolved gets another when there is none.
func TestInvalidShareIsMended(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	backends := map[string][]string{"app": {e.address()}}
	g.mustApply(site(t, backends, weighted("", 1)))
	c := newClient(t, g.address())
	c.send("hello")
	eventually(t, "it is dropped", func() bool { return g.dropped("invalid_backend") == 1 })
	g.mustApply(site(t, backends, weighted("app", 1), weighted("", 1)))
	c.send("hello")
	eventually(t, "it is dropped again", func() bool { return g.dropped("invalid_backend") == 2 })
	g.mustApply(site(t, backends, weighted("app", 1), weighted("", 0)))
	if got := c.ask(); got != e.address() {
		t.Errorf("%s answers", got)
	}
}

// An endpoint where nobody listens says so, and the next datagram goes to another one.
func TestEndpointRefuses(t *testing.T) {
	g := newGateway(t)
	e, dead := newEcho(t), freeAddress(t, "127.0.0.1")
	g.mustApply(single(t, dead))
	c := newClient(t, g.address())
	c.send("lost")
	eventually(t, "it was sent", func() bool { return g.metric("udp_datagrams_total", routeID, "received") == 1 })
	g.setEndpoints(backendID("app"), dead, e.address())
	for range 3 {
		if got := c.ask(); got != e.address() {
			t.Errorf("%s answers", got)
		}
	}
	if got := g.metric("udp_sessions_opened_total", routeID); got != 1 {
		t.Errorf("%v sessions", got)
	}
}

// One that is alone is tried again and again, and serves when it is back.
func TestEndpointComesBack(t *testing.T) {
	g := newGateway(t)
	address := freeAddress(t, "127.0.0.1")
	g.mustApply(single(t, address))
	c := newClient(t, g.address())
	for range 5 {
		c.send("lost")
	}
	eventually(t, "they were sent", func() bool { return g.metric("udp_datagrams_total", routeID, "received") == 5 })
	newEchoAt(t, address)
	if got := c.ask(); got != address {
		t.Errorf("%s answers", got)
	}
}

func TestIdleSessionsEnd(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	const idle = 500 * time.Millisecond
	idleFor(idle)(cfg)
	g.mustApply(cfg)
	c := newClient(t, g.address())
	began := time.Now()
	c.ask()
	eventually(t, "the session ends", func() bool { return g.ended("idle") == 1 })
	if took := time.Since(began); took < idle {
		t.Errorf("after %s", took)
	}
	if got := g.sessions(); got != 0 {
		t.Errorf("%d sessions", got)
	}
	if got := c.ask(); got != e.address() {
		t.Errorf("%s answers afterwards", got)
	}
}

// The timeout of a session that is there changes with the configuration, and what an
// endpoint sends keeps a session as well as what a client does.
func TestAnswersKeepASession(t *testing.T) {
	pc := listenUDP(t)
	g := newGateway(t)
	cfg := single(t, pc.LocalAddr().String())
	g.mustApply(cfg)
	c := newClient(t, g.address())
	c.send("subscribe")
	_, from, err := pc.ReadFrom(make([]byte, 100))
	if err != nil {
		t.Fatal(err)
	}
	const idle = time.Second
	idleFor(idle)(cfg)
	g.mustApply(cfg)
	for began := time.Now(); time.Since(began) < 2*idle; {
		pc.WriteTo([]byte("event"), from)
		c.read()
		if n := g.ended("idle"); n != 0 {
			t.Fatalf("the session ended %s after its beginning", time.Since(began))
		}
	}
	eventually(t, "the session ends", func() bool { return g.ended("idle") == 1 })
}

// The one that was idle longest gives way, whichever socket it belongs to.
func TestEviction(t *testing.T) {
	for _, readers := range []int{1, 4} {
		t.Run(fmt.Sprint(readers, " readers"), func(t *testing.T) {
			e := newEcho(t)
			g := newGateway(t, func(o *Options) { o.readers = readers })
			cfg := single(t, e.address())
			cfg.Gateways[0].AccessLog = &config.AccessLog{Format: config.LogText}
			cfg.Gateways[0].Limits.MaxUDPSessions = 10
			g.mustApply(cfg)
			clients := make([]*client, 10)
			for i := range clients {
				clients[i] = newClient(t, g.address())
				clients[i].ask()
			}
			clients[0].ask() // so 1 was idle longest
			for i := range 5 {
				newClient(t, g.address()).ask()
				if got := g.ended("evicted"); got != i+1 {
					t.Fatalf("%d evicted, want %d", got, i+1)
				}
			}
			if got := g.sessions(); got != 10 {
				t.Errorf("%d sessions", got)
			}
			// 0 and 6 to 9 are as they were.
			opened := g.metric("udp_sessions_opened_total", routeID)
			for _, i := range []int{0, 6, 7, 8, 9} {
				clients[i].ask()
			}
			if got := g.metric("udp_sessions_opened_total", routeID); got != opened {
				t.Errorf("%v sessions were begun again", got-opened)
			}
			clients[1].ask()
			if got := g.metric("udp_sessions_opened_total", routeID); got != opened+1 {
				t.Error("the one that was idle longest was not evicted")
			}
		})
	}
}
