// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestShutdownWaitsForConnectionsAndThenCuts(t *testing.T) {
	for name, tc := range map[string]struct {
		timeout time.Duration
		cut     bool
	}{
		"in time":  {20 * time.Second, false},
		"too late": {500 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			address := loopback.FreeAddress(t)
			s := newStreamSet(t, 0, echo)
			apply(t, s, tcpConfig(address))
			c := dial(t, address)
			line(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), tc.timeout)
			defer cancel()
			down := make(chan struct{})
			go func() {
				s.Shutdown(ctx)
				close(down)
			}()
			eventually(t, "nothing is accepted any more", func() bool { return refusesConnections(address) })
			say(t, c, "still here")
			if !tc.cut {
				c.CloseWrite()
			}
			if got := rest(t, c); got != "" {
				t.Errorf("then comes %q", got)
			}
			<-down
			if got := ctx.Err() != nil; got != tc.cut {
				t.Errorf("the time was over: %v, want %v", got, tc.cut)
			}
		})
	}
}

func refusesConnections(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err != nil
}

// TestShutdownServesWhoHasCome: whose hello is on the wire is served, and who has said
// nothing is not waited for.
func TestShutdownServesWhoHasCome(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, echo)
	apply(t, s, mixed(address, ca))
	hello := clientHello(t, "some.example.com")
	silent, late := dial(t, address), dial(t, address)
	fmt.Fprintf(late, "%s", hello[:20])
	eventually(t, "both are accepted", func() bool { return s.sockets[address].arrivals.count() == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	down := make(chan struct{})
	began := time.Now()
	go func() {
		s.Shutdown(ctx)
		close(down)
	}()
	if _, err := late.Write(hello[20:]); err != nil {
		t.Fatal(err)
	}
	line(t, late)
	if got := rest(t, silent); got != "" {
		t.Errorf("the silent one hears %q", got)
	}
	late.CloseWrite()
	rest(t, late)
	<-down
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestCloseWaitsForHandlers that are cut.
func TestCloseWaitsForHandlers(t *testing.T) {
	address := loopback.FreeAddress(t)
	var returned atomic.Int32
	serving := make(chan struct{})
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		defer returned.Add(1)
		close(serving)
		<-ctx.Done()
		if _, err := c.TCP.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is open")
		}
	})
	apply(t, s, tcpConfig(address))
	dial(t, address)
	<-serving
	s.Close()
	if returned.Load() != 1 {
		t.Error("the handler has not returned")
	}
}

// TestConnectionsOfListenersAreBounded: a place is free when a handler has returned.
func TestConnectionsOfListenersAreBounded(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	var serving, most atomic.Int32
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		n := serving.Add(1)
		defer serving.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		echo(ctx, c)
	})
	passes := mixed(address, ca)
	hello := clientHello(t, "some.example.com")
	for _, cfg := range []*config.Config{tcpConfig(address), passes} {
		cfg.Gateways[0].Limits = &config.Limits{MaxConnections: 2}
		apply(t, s, cfg)
		conns := make([]*net.TCPConn, 20)
		for i := range conns {
			conns[i] = dial(t, address)
			if _, err := conns[i].Write(hello); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "two are served", func() bool { return serving.Load() == 2 })
		for _, c := range conns {
			c.CloseWrite()
		}
		for _, c := range conns {
			rest(t, c)
		}
		if got := most.Swap(0); got != 2 {
			t.Errorf("up to %d connections were served at a time, want 2", got)
		}
	}
}
