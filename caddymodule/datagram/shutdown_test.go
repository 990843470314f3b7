// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// shutdown begins one, and returns a channel that is closed when it is over.
func (g *gateway) shutdown(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		g.set.Shutdown(ctx)
	}()
	return over
}

func wait(t *testing.T, over <-chan struct{}) {
	t.Helper()
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatal("the shutdown does not end")
	}
}

func TestShutdownWithoutSessions(t *testing.T) {
	g := newGateway(t)
	g.mustApply(single(t, "127.0.0.1:9"))
	wait(t, g.shutdown(t.Context()))
	free(t, listenAddress(t))
}

// Sessions in which something is sent go on, the others do not hold it up, and nobody
// is let in.
func TestShutdownWaitsForTraffic(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t, func(o *Options) { o.quiet = time.Second })
	g.mustApply(single(t, e.address()))
	address := g.address()
	busy, idle := newClient(t, address), newClient(t, address)
	busy.ask()
	idle.ask()
	over := g.shutdown(t.Context())
	eventually(t, "the idle session ends and nobody is let in", func() bool {
		if got := busy.ask(); got != e.address() {
			t.Fatalf("%s answers during the shutdown", got)
		}
		newClient(t, address).send("late")
		return g.ended("idle") == 1 && g.dropped("draining") > 0
	})
	select {
	case <-over:
		t.Error("the shutdown is over while there is traffic")
	default:
	}
	wait(t, over)
	if got := g.sessions(); got != 0 {
		t.Errorf("%d sessions are left", got)
	}
	free(t, address)
}

func TestShutdownEndsWithItsContext(t *testing.T) {
	e := newEcho(t)
	g := newGateway(t)
	cfg := single(t, e.address())
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	g.mustApply(cfg)
	address := g.address()
	newClient(t, address).ask()
	ctx, cancel := context.WithCancel(t.Context())
	over := g.shutdown(ctx)
	cancel()
	wait(t, over)
	if got := g.ended("shutdown"); got != 1 {
		t.Errorf("%d sessions were ended", got)
	}
	if log := g.log.String(); !strings.Contains(log, `"end":"shutdown"`) {
		t.Errorf("logged %s", log)
	}
	free(t, address)
}

// Everything at once, for the race detector: clients, endpoints and configurations that
// change, eviction, expiry, and the end in the middle of it.
func TestEverythingAtOnce(t *testing.T) {
	a, b := newEcho(t), newEcho(t)
	g := newGateway(t, func(o *Options) { o.readers = 2 })
	cfg := single(t, a.address(), b.address())
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	cfg.Gateways[0].Limits.MaxUDPSessions = 5
	idleFor(3 * time.Millisecond)(cfg)
	g.mustApply(cfg)
	address := g.address()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for {
				c := newClient(t, address)
				for range 5 {
					c.Write([]byte("hello")) // the end is a refusal, too
					c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
					_, _ = c.Read(make([]byte, 100))
				}
				c.Close()
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	dead := freeAddress(t, "127.0.0.1")
	for i := range 100 {
		switch i % 4 {
		case 0:
			g.setEndpoints(backendID("app"), a.address())
		case 1:
			g.setEndpoints(backendID("app"), dead, b.address())
		case 2:
			g.mustApply(cfg)
		case 3:
			next := *cfg
			next.Routes = nil
			g.mustApply(&next)
		}
	}
	g.mustApply(cfg)
	if got := g.sessions(); got > 5 {
		t.Errorf("%d sessions", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wait(t, g.shutdown(ctx))
	close(stop)
	wg.Wait()
	if got := g.sessions(); got != 0 {
		t.Errorf("%d sessions are left", got)
	}
}
