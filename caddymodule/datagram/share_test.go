// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Half of the clients belong to a backend that could not be resolved, for as long as
// they go on, and get nothing; the others get all answers.
func TestInvalidShare(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	g.mustApply(site(t, map[string][]string{"app": {e.address()}}, weighted("app", 1), weighted("", 1)))
	const clients, each = 200, 3
	var answered [clients]int
	list := make([]*client, clients)
	for i := range list {
		list[i] = newClient(t, g.address())
	}
	for round := range each {
		for _, c := range list {
			c.send("hello")
		}
		// Before the next round, for which the socket's buffer might have no room.
		eventually(t, "all have an answer or none", func() bool {
			total := 0
			for i, c := range list {
				c.SetReadDeadline(time.Now().Add(time.Millisecond))
				if _, err := c.Read(make([]byte, 100)); err == nil {
					answered[i]++
				}
				total += answered[i]
			}
			return total+g.dropped("invalid_backend") == clients*(round+1)
		})
	}
	without := 0
	for i := range list {
		switch answered[i] {
		case 0:
			without++
		case each:
		default:
			t.Errorf("client %d got %d answers", i, answered[i])
		}
	}
	if without < clients/2-10 || without > clients/2+10 {
		t.Errorf("%d of %d clients get nothing", without, clients)
	}
}

func TestWeights(t *testing.T) {
	a, b, never := newEcho(t), newEcho(t), newEcho(t)
	g := newGateway(t)
	backends := map[string][]string{"a": {a.address()}, "b": {b.address()}, "never": {never.address()}}
	cfg := site(t, backends, weighted("a", 3), weighted("never", 0), weighted("b", 1))
	count := map[string]int{}
	// That something else changes has no influence on the shares.
	for i := range 40 {
		g.mustApply(cfg)
		cfg.Gateways[0].Limits = &config.Limits{MaxUDPSessions: 100 + i}
		count[newClient(t, g.address()).ask()]++
	}
	if count[a.address()] != 30 || count[b.address()] != 10 {
		t.Errorf("of 40 clients %v", count)
	}
}

func TestWhatGoesNowhereIsCounted(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*config.Config)
		reason string
	}{
		"no route":          {func(c *config.Config) { c.Routes = nil }, "no_route"},
		"no rule":           {func(c *config.Config) { c.Routes[0].Rules = nil }, "invalid_backend"},
		"no backend":        {func(c *config.Config) { c.Routes[0].Rules[0].Backends = nil }, "invalid_backend"},
		"no weight":         {func(c *config.Config) { c.Routes[0].Rules[0].Backends[0].Weight = 0 }, "invalid_backend"},
		"no endpoint":       {func(c *config.Config) { c.Backends[0].Endpoints = nil }, "no_endpoint"},
		"no such name":      {func(c *config.Config) { c.Backends[0].Endpoints = endpoints("nobody.invalid:53") }, "no_endpoint"},
		"a route elsewhere": {func(c *config.Config) { c.Routes[0].Attachments = nil }, "no_route"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			cfg := single(t, "127.0.0.1:9")
			tc.change(cfg)
			g.mustApply(cfg)
			c := newClient(t, g.address())
			c.send("hello")
			eventually(t, "the datagram is counted", func() bool { return g.dropped(tc.reason) == 1 })
			// An older route, or an endpoint, or a weight, and it is forwarded.
			e := newEcho(t)
			g.mustApply(single(t, e.address()))
			if got := c.ask(); got != e.address() {
				t.Errorf("%s has answered", got)
			}
		})
	}
}

// The oldest of the attached routes has the listener, then the lesser ID.
func TestWhichRoute(t *testing.T) {
	echoes := map[string]*echo{}
	backends := map[string][]string{}
	for _, name := range []string{"a", "b", "c"} {
		echoes[name] = newEcho(t)
		backends[name] = []string{echoes[name].address()}
	}
	cfg := site(t, backends, weighted("a", 1))
	route := func(id string, created int64, backend string) config.Route {
		r := cfg.Routes[0]
		r.ID, r.Created = id, created
		r.Rules = []config.Rule{{Backends: []config.WeightedBackend{weighted(backend, 1)}}}
		return r
	}
	g := newGateway(t)
	for _, tc := range []struct {
		routes []config.Route
		want   string
	}{
		{[]config.Route{route("UDPRoute/test/x", 200, "a"), route("UDPRoute/test/y", 100, "b"), route("UDPRoute/test/z", 300, "c")}, "b"},
		{[]config.Route{route("UDPRoute/test/x", 200, "a"), route("UDPRoute/test/z", 100, "b"), route("UDPRoute/test/y", 100, "c")}, "c"},
	} {
		cfg.Routes = tc.routes
		g.mustApply(cfg)
		if got := newClient(t, g.address()).ask(); got != echoes[tc.want].address() {
			t.Errorf("%s has answered, want %s", got, tc.want)
		}
	}
}

func TestAccessLog(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := site(t, map[string][]string{"app": {e.address()}}, weighted("app", 1), weighted("", 1))
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	g.mustApply(cfg)
	first, second := newClient(t, g.address()), newClient(t, g.address())
	first.ask()
	second.send("hello")
	eventually(t, "the second one is known", func() bool { return g.dropped("invalid_backend") == 1 })
	g.mustApply(&config.Config{})
	log := g.log.String()
	if strings.Count(log, "\n") != 2 {
		t.Fatalf("logged %s", log)
	}
	for _, want := range []string{
		`"proto":"UDP"`, `"client":"127.0.0.1"`, `"datagrams_received":1,"datagrams_sent":1,"bytes_received":5,`, `"end":"removed"`,
		`"gateway":"test/gw","listener":"test/gw/udp","route":"UDPRoute/test/dns","backend":"Service/test/app/53/UDP","endpoint":"` + e.address() + `"`,
		`"datagrams_received":0,"datagrams_sent":0,`, `"error":"the backend could not be resolved"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in %s", want, log)
		}
	}
}
