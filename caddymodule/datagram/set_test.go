// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// free fails the test if anybody listens on an address.
func free(t *testing.T, address string) {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Errorf("%s is not free: %v", address, err)
		return
	}
	pc.Close()
}

// withListener adds a listener of another address.
func withListener(cfg *config.Config, id, address string) *config.Config {
	more := *cfg
	l := cfg.Listeners[0]
	l.ID, l.Address = id, address
	more.Listeners = append(append([]config.Listener{}, cfg.Listeners...), l)
	return &more
}

func TestPortInUseIsRefused(t *testing.T) {
	taken := listenUDP(t).LocalAddr().String()
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	g.mustApply(cfg)
	c := newClient(t, g.address())
	c.ask()

	fresh := freeAddress(t, "127.0.0.1")
	bad := withListener(withListener(cfg, "test/gw/a-fresh", fresh), "test/gw/taken", taken)
	bad.Routes = nil
	err := g.apply(bad)
	refusal, ok := errors.AsType[*config.Refusal](err)
	if !ok || refusal.Object != "test/gw/taken" || refusal.Field != "address" || !strings.Contains(refusal.Message, taken) {
		t.Fatalf("got %v", err)
	}
	free(t, fresh)
	if got := c.ask(); got != e.address() {
		t.Errorf("%s answers after the refusal", got)
	}
	if got := g.metric("udp_sessions_opened_total", routeID); got != 1 {
		t.Errorf("%v sessions", got)
	}
}

// Two processes of one user that share a port by accident would each get half of what
// is for the other.
func TestPortOfAnotherProxyIsRefused(t *testing.T) {
	first, second := newGateway(t), newGateway(t)
	cfg := single(t, "127.0.0.1:9")
	first.mustApply(cfg)
	if err := second.apply(cfg); err == nil {
		t.Error("both listen")
	}
}

func TestAbort(t *testing.T) {
	g := newGateway(t)
	change, err := g.set.Prepare(single(t, "127.0.0.1:9"))
	if err != nil {
		t.Fatal(err)
	}
	change.Abort()
	free(t, listenAddress(t))
	if g.set.Addr(listenAddress(t)) != nil {
		t.Error("the socket is there")
	}
}

// What was sent before Commit waits.
func TestPreparedSocketsKeepWhatComes(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	cfg.Backends[0].Endpoints = nil
	g.mustApply(cfg) // so that the backend is known
	g.setEndpoints(backendID("app"), e.address())
	next := withListener(cfg, "test/gw/more", freeAddress(t, "127.0.0.1"))
	next.Routes[0].Attachments = append(next.Routes[0].Attachments, config.Attachment{Listener: "test/gw/more"})
	change, err := g.set.Prepare(next)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, next.Listeners[1].Address)
	c.send("early")
	change.Commit()
	if got := c.read(); got != e.address()+" early" {
		t.Errorf("got %q", got)
	}
}

func TestListenersComeAndGo(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	address := cfg.Listeners[0].Address
	for range 3 {
		g.mustApply(cfg)
		newClient(t, address).ask()
		g.mustApply(&config.Config{})
		free(t, address)
		if g.set.Addr(address) != nil {
			t.Error("the socket is there")
		}
	}
}

// A UDP socket has its own ports: listeners of TCP have nothing to do with it.
func TestOtherListenersAreNotServed(t *testing.T) {
	g := newGateway(t)
	cfg := single(t, "127.0.0.1:9")
	cfg.Listeners[0].Protocol, cfg.Routes[0].Protocol = config.TCP, config.RouteTCP
	g.mustApply(cfg)
	free(t, cfg.Listeners[0].Address)
}

// Another listener at the same address has the sessions if it has the route.
func TestListenerIsRenamed(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	g.mustApply(cfg)
	c := newClient(t, g.address())
	c.ask()
	const renamed = "test/gw/renamed"
	cfg.Listeners[0].ID, cfg.Routes[0].Attachments[0].Listener = renamed, renamed
	g.mustApply(cfg)
	c.ask()
	if got := g.metric("udp_sessions_opened_total", renamed); got != 0 {
		t.Errorf("%v sessions were begun", got)
	}
}

// A socket is closed while its reader has its hands full, again and again.
func TestListenersGoUnderLoad(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t, func(o *Options) { o.readers = 2 })
	cfg := single(t, e.address())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		c := newClient(t, cfg.Listeners[0].Address)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.Write([]byte("hello")) // may be refused
				}
			}
		})
	}
	for range 100 {
		g.mustApply(cfg)
		g.mustApply(&config.Config{})
	}
	close(stop)
	wg.Wait()
	free(t, cfg.Listeners[0].Address)
}
