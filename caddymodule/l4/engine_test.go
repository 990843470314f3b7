// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
)

func TestServe(t *testing.T) {
	f := newFixture(t, with(base(), tcpID, named(t, "a")))
	c := f.serve(t, tcpID, func(c *stream.Conn) { c.Prefix = []byte("he") })
	expect(t, c, "a\nhe")
	io.WriteString(c, "llo")
	expect(t, c, "llo")
	c.CloseWrite()
	expectEnd(t, c, closed)
	<-c.served
}

func TestNotServed(t *testing.T) {
	cfg := with(with(base(), tcpID, ""), tlsID)
	cfg = with(cfg, passID, closedPort(t))
	cfg.Routes[2].Attachments[0].Hostnames = []string{"down.test", "empty.test"}
	none := with(base(), passID, "gone").Routes[0]
	none.ID, none.Attachments[0].Hostnames = "A/older", []string{"empty.test"}
	cfg.Routes = append(cfg.Routes, none)
	cfg.Backends = append(cfg.Backends, config.Backend{ID: "gone"})
	f := newFixture(t, cfg)
	for _, tc := range []struct {
		name, listener, sni string
		want                error
	}{
		{"a reference that can't be resolved", tcpID, "", reset},
		{"no backends", tlsID, "a.term.test", reset},
		{"no endpoints", passID, "empty.test", reset},
		{"an endpoint that can't be connected to", passID, "down.test", reset},
		{"no route", passID, "other.test", closed},
		{"no SNI, and no route for that", passID, "", closed},
		{"no such listener", "test/web/old", "", closed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := f.serve(t, tc.listener, sni(tc.sni))
			expectEnd(t, c, tc.want)
			<-c.served
		})
	}
}

func TestBeforeTheFirstSwap(t *testing.T) {
	f := &fixture{engine: New(Options{})}
	expectEnd(t, f.serve(t, tcpID), closed)
}

// Half of the references is invalid: so is each second connection.
func TestInvalidShare(t *testing.T) {
	f := newFixture(t, with(base(), tcpID, named(t, "a"), ""))
	counts := map[string]int{}
	for range 20 {
		c := f.serve(t, tcpID)
		switch _, err := io.ReadFull(c, make([]byte, 2)); {
		case err == nil:
			counts["served"]++
		case errors.Is(err, reset):
			counts["reset"]++
		default:
			t.Fatal(err)
		}
	}
	if counts["served"] != 10 || counts["reset"] != 10 {
		t.Error(counts)
	}
}

func TestWeights(t *testing.T) {
	cfg := with(base(), tcpID, named(t, "a"), named(t, "b"), named(t, "c"))
	for i, weight := range []int32{3, 1, 0} {
		cfg.Routes[0].Rules[0].Backends[i].Weight = weight
	}
	f := newFixture(t, cfg)
	counts := map[string]int{}
	for range 40 {
		var name [2]byte
		if _, err := io.ReadFull(f.serve(t, tcpID), name[:]); err != nil {
			t.Fatal(err)
		}
		counts[string(name[:1])]++
	}
	if fmt.Sprint(counts) != "map[a:30 b:10]" {
		t.Error(counts)
	}
}

// An endpoint gets a connection where another fails.
func TestFailover(t *testing.T) {
	cfg := with(base(), tcpID, named(t, "a"))
	cfg.Backends[0].Endpoints = append(cfg.Backends[0].Endpoints, config.Endpoint{Address: closedPort(t)})
	f := newFixture(t, cfg)
	for range 10 {
		expect(t, f.serve(t, tcpID), "a\n")
	}
}

// A backend over TLS is spoken to over TLS, but by what is encrypted already.
func TestBackendTLS(t *testing.T) {
	ca := certtest.NewCA(t, "test")
	server := &tls.Config{Certificates: []tls.Certificate{ca.Issue("app", "app.test").TLS(t)}}
	address := endpoint(t, func(c net.Conn) {
		var first [1]byte
		if _, err := io.ReadFull(c, first[:]); err != nil {
			return
		}
		if first[0] != 22 { // of a handshake (RFC 8446, 5.1)
			io.WriteString(c, "clear\n")
			return
		}
		secured := tls.Server(&replay{Conn: c, first: first[:]}, server)
		io.WriteString(secured, "TLS\n")
		io.Copy(secured, secured)
	})
	cfg := with(with(with(base(), tcpID, address), tlsID, address), passID, address)
	cfg.Backends = cfg.Backends[:1]
	cfg.Backends[0].TLS = &config.BackendTLS{ServerName: "app.test", CABundles: []string{"ca"}}
	cfg.CABundles = []config.CABundle{{ID: "ca", Certificates: string(ca.PEM)}}
	f := newFixture(t, cfg)
	for listener, want := range map[string]string{tcpID: "TLS\nx", tlsID: "TLS\nx", passID: "clear\n"} {
		c := f.serve(t, listener)
		io.WriteString(c, "x")
		expect(t, c, want)
	}
	cfg.Backends[0].TLS.ServerName = "other.test"
	f.apply(t, cfg)
	expectEnd(t, f.serve(t, tcpID), reset)
}

// replay is a connection of which something was read already.
type replay struct {
	net.Conn
	first []byte
}

func (c *replay) Read(p []byte) (int, error) {
	if n := copy(p, c.first); n > 0 {
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// An open connection goes on whatever becomes of its route, and holds nothing of the
// table that it came by.
func TestOpenConnectionsOutliveTheirRoute(t *testing.T) {
	cfg := with(base(), tcpID, named(t, "a"))
	f := newFixture(t, cfg)
	c := f.serve(t, tcpID)
	expect(t, c, "a\n")
	var freed atomic.Bool
	runtime.AddCleanup(f.engine.table.Load(), func(*struct{}) { freed.Store(true) }, nil)
	for _, next := range []*config.Config{with(base(), tcpID, ""), base(), {Gateways: cfg.Gateways}} {
		f.apply(t, next)
		io.WriteString(c, "x")
		expect(t, c, "x")
	}
	expectEnd(t, f.serve(t, tcpID), closed)
	for range 100 {
		runtime.GC()
		if freed.Load() {
			break
		}
		runtime.Gosched()
	}
	if !freed.Load() {
		t.Error("the first table is still in use")
	}
	c.CloseWrite()
	expectEnd(t, c, closed)
	<-c.served
}

// Endpoints are those of requests, and change without another table.
func TestEndpointsChange(t *testing.T) {
	cfg := with(base(), tcpID, named(t, "a"))
	f := newFixture(t, cfg)
	first := f.serve(t, tcpID)
	expect(t, first, "a\n")
	set := func(list ...config.Endpoint) {
		t.Helper()
		if err := f.proxy.SetEndpoints([]config.BackendEndpoints{{ID: cfg.Backends[0].ID, Endpoints: list}}); err != nil {
			t.Fatal(err)
		}
	}
	set(config.Endpoint{Address: named(t, "b")})
	expect(t, f.serve(t, tcpID), "b\n")
	set()
	expectEnd(t, f.serve(t, tcpID), reset)
	io.WriteString(first, "still here")
	expect(t, first, "still here")
}

// The context ends a connection by cutting it, while it is dialled, too.
func TestCut(t *testing.T) {
	f := newFixture(t, with(base(), tcpID, named(t, "a")))
	c := f.serve(t, tcpID)
	expect(t, c, "a\n")
	c.cancel()
	expectEnd(t, c, reset)
	<-c.served
}
