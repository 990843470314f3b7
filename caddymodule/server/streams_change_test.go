// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// secured opens a connection to a listener that ends TLS.
func secured(t testing.TB, address string, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c, _, err := handshake(address, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestConnectionsSurviveWhatLeavesTheirListener changes all that a listener has, and what
// is beside it.
func TestConnectionsSurviveWhatLeavesTheirListener(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	tcpAddress, tlsAddress := loopback.FreeAddress(t), loopback.FreeAddress(t)
	base := func() *config.Config {
		cfg := mixed(tlsAddress, ca)
		cfg.Listeners = append(cfg.Listeners, tcpConfig(tcpAddress).Listeners...)
		return cfg
	}
	find := func(cfg *config.Config, name string) *config.Listener {
		for i := range cfg.Listeners {
			if cfg.Listeners[i].ID == "test/gw/"+name {
				return &cfg.Listeners[i]
			}
		}
		t.Fatalf("there is no listener %s", name)
		return nil
	}
	s := newStreamSet(t, 10*time.Millisecond, echo)
	apply(t, s, base())
	plain := dial(t, tcpAddress)
	line(t, plain)
	session := secured(t, tlsAddress, &tls.Config{ServerName: "a.deep.example.com"})
	line(t, session)
	passed := passedThrough(t, tlsAddress, "some.example.com")
	for what, change := range map[string]func(*config.Config){
		"nothing": func(*config.Config) {},
		"a limit": func(cfg *config.Config) {
			cfg.Gateways[0].Limits = &config.Limits{MaxConnections: 2, MaxConcurrentStreams: 7}
		},
		"who sends PROXY headers": func(cfg *config.Config) { cfg.Gateways[0].ClientAddress = &config.ClientAddress{ProxyProtocol: true} },
		"a certificate":           func(cfg *config.Config) { cfg.Certificates[1] = certificate("terminated", ca.Issue("renewed")) },
		"no certificate":          func(cfg *config.Config) { find(cfg, "deep").TLS.Certificates = nil },
		"hostnames": func(cfg *config.Config) {
			find(cfg, "deep").Hostname, find(cfg, "wild").Hostname = "other.example.com", "*.elsewhere.test"
		},
		"listeners beside it":         func(cfg *config.Config) { cfg.Listeners = append(cfg.Listeners, tlsListener("new", tlsAddress, "")) },
		"one beside it that has gone": func(cfg *config.Config) { cfg.Listeners = cfg.Listeners[1:] },
		"all HTTPS beside it": func(cfg *config.Config) {
			cfg.Listeners = []config.Listener{*find(cfg, "deep"), *find(cfg, "wild"), *find(cfg, "l0")}
		},
	} {
		t.Run(what, func(t *testing.T) {
			cfg := base()
			change(cfg)
			apply(t, s, cfg)
			for _, c := range []io.ReadWriter{plain, session, passed} {
				say(t, c, "hello")
			}
			for _, socket := range s.sockets {
				for _, p := range socket.parties() {
					if p.members().revoked.Load() {
						t.Errorf("the connections of %T are to be cut", p)
					}
				}
			}
		})
	}
}

// passedThrough opens a connection to a listener that passes TLS through, to be echoed.
func passedThrough(t testing.TB, address, sni string) *net.TCPConn {
	t.Helper()
	c := dial(t, address)
	hello := clientHello(t, sni)
	if _, err := c.Write(hello); err != nil {
		t.Fatal(err)
	}
	line(t, c)
	if _, err := io.ReadFull(c, hello); err != nil {
		t.Fatal(err)
	}
	return c
}

// clientHello is what a client sends first.
func clientHello(t testing.TB, sni string) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		_ = tls.Client(client, &tls.Config{ServerName: sni}).Handshake() // nobody answers
		client.Close()
	}()
	hello := make([]byte, 1<<14)
	n, err := server.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

// TestConnectionsEndWithTheirListener removes it, or makes it another one, and leaves
// others on its address.
func TestConnectionsEndWithTheirListener(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	with := func(change func(wild, deep *config.Listener)) *config.Config {
		cfg := mixed(address, ca)
		if change != nil {
			change(&cfg.Listeners[1], &cfg.Listeners[2])
		}
		return cfg
	}
	for name, now := range map[string]*config.Config{
		"removed": with(func(wild, deep *config.Listener) { wild.ID, deep.ID = "test/gw/x", "test/gw/y" }),
		"HTTPS": with(func(wild, deep *config.Listener) {
			for _, l := range []*config.Listener{wild, deep} {
				l.Protocol, l.TLS = config.HTTPS, &config.ListenerTLS{Certificates: []string{"https"}}
			}
		}),
		"the other mode": with(func(wild, deep *config.Listener) { wild.TLS, deep.TLS = deep.TLS, wild.TLS }),
		"elsewhere": with(func(wild, deep *config.Listener) {
			wild.Address = loopback.FreeAddress(t)
			deep.Address = wild.Address
		}),
		"the socket too": plain(),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{}, 2)
			s := newStreamSet(t, time.Second, func(ctx context.Context, c *stream.Conn) {
				echo(ctx, c)
				<-ctx.Done() // as one does who waits for somebody else
				ended <- struct{}{}
			})
			apply(t, s, with(nil))
			session := secured(t, address, &tls.Config{ServerName: "a.deep.example.com"})
			line(t, session)
			conns := []io.ReadWriter{session, passedThrough(t, address, "some.example.com")}
			apply(t, s, now)
			for _, c := range conns {
				say(t, c, "there is some time left")
			}
			for _, c := range conns {
				if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
					t.Errorf("the connection goes on: %v", err)
				}
				<-ended
			}
			eventually(t, "their listeners are forgotten", func() bool {
				socket := s.sockets[address]
				return socket == nil || len(socket.parties()) == len(socket.front.Load().parties())
			})
		})
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// TestTerminatedConnectionsDoNotCrossRules is TestOpenConnectionsDoNotCrossRules for TLS
// listeners.
func TestTerminatedConnectionsDoNotCrossRules(t *testing.T) {
	const require, fallback = config.ClientCertRequire, config.ClientCertInsecureFallback
	r := newRules(t)
	with := func(mode config.ClientValidationMode, authorities ...*certtest.CA) *config.Config {
		cfg := r.with(mode, authorities...)
		cfg.Listeners[0].Protocol = config.TLS
		return cfg
	}
	shut := with("")
	shut.Listeners[0].TLS = &config.ListenerTLS{}
	for _, tt := range []struct {
		name         string
		before, then *config.Config
		goesOn       bool
	}{
		{"the same", with(require, r.ca), with(require, r.ca), true},
		{"switched on", with(""), with(require, r.ca), false},
		{"from fallback", with(fallback, r.ca), with(require, r.ca), false},
		{"another authority", with(require, r.ca), with(require, r.other), false},
		{"one more", with(require, r.ca), with(require, r.ca, r.other), false},
		{"switched off", with(require, r.ca), with(""), true},
		{"to fallback", with(require, r.ca), with(fallback, r.other), true},
		{"nothing to verify by any more", with(require, r.ca), shut, false},
		{"no certificate any more, without verification", with(""), shut, true},
	} {
		s := newStreamSet(t, 50*time.Millisecond, echo)
		apply(t, s, tt.before)
		c := secured(t, r.address, r.client(t))
		line(t, c)
		apply(t, s, tt.then)
		// What came by another rule is measured by each that follows, too.
		apply(t, s, tt.then)
		revoked := 0
		for _, p := range s.sockets[r.address].parties() {
			if p.members().revoked.Load() {
				revoked++
			}
		}
		if (revoked == 0) != tt.goesOn {
			t.Errorf("%s: %d are revoked", tt.name, revoked)
		}
		if tt.goesOn {
			say(t, c, "hello")
		} else if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Errorf("%s: the connection goes on: %v", tt.name, err)
		}
		s.Close()
	}
}

// TestRulesAreRememberedBeyondTheNext: a connection that two changes let go on is cut by
// the third.
func TestRulesAreRememberedBeyondTheNext(t *testing.T) {
	r := newRules(t)
	with := func(mode config.ClientValidationMode, authorities ...*certtest.CA) *config.Config {
		cfg := r.with(mode, authorities...)
		cfg.Listeners[0].Protocol = config.TLS
		return cfg
	}
	s := newStreamSet(t, 50*time.Millisecond, echo)
	apply(t, s, with(config.ClientCertRequire, r.ca))
	c := secured(t, r.address, r.client(t))
	line(t, c)
	apply(t, s, with(""))
	apply(t, s, with(config.ClientCertInsecureFallback, r.other))
	say(t, c, "hello")
	apply(t, s, with(config.ClientCertRequire, r.other))
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the connection goes on: %v", err)
	}
}

// TestClientsOfTLSListenersAreVerified, and sessions are not resumed by another rule, at
// another listener, or where the listener was HTTPS.
func TestClientsOfTLSListenersAreVerified(t *testing.T) {
	r := newRules(t)
	for _, version := range versions {
		s := newStreamSet(t, 0, echo)
		cfg := r.with(config.ClientCertRequire, r.ca)
		cfg.Listeners[0].Protocol, cfg.Listeners[0].Hostname = config.TLS, "a.test"
		cfg.Listeners = append(cfg.Listeners, cfg.Listeners[0])
		cfg.Listeners[1].ID, cfg.Listeners[1].Hostname = "test/gw/b", "b.test"
		apply(t, s, cfg)

		cache := &oneSession{}
		resumes := func(sni string) bool {
			client := r.client(t)
			client.ServerName, client.MaxVersion, client.ClientSessionCache = sni, version, cache
			c := secured(t, r.address, client)
			defer c.Close()
			line(t, c) // the ticket of TLS 1.3 comes in front of it
			return c.ConnectionState().DidResume
		}
		if resumes("a.test") || !resumes("a.test") {
			t.Error("a session is resumed when it was there before, and only then")
		}
		if resumes("b.test") {
			t.Error("a session of one listener was resumed with another")
		}
		resumes("a.test")
		https := r.with(config.ClientCertRequire, r.ca)
		https.Listeners[0].Hostname = "a.test"
		apply(t, s, https)
		apply(t, s, cfg)
		if resumes("a.test") {
			t.Error("a session was resumed though the listener was another in between")
		}
		stranger := visitor{sni: "a.test", version: version}
		if got := stranger.visit(t, r.address); got.err == nil || !got.asked {
			t.Errorf("without a certificate: %+v", got)
		}
		s.Close()
	}
}

// TestListenersChangeTheirProtocol on a socket that stays open.
func TestListenersChangeTheirProtocol(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 50*time.Millisecond, echo)
	httpListener := plain(address).Listeners[0]
	kinds := map[string]config.Listener{
		"HTTP": httpListener, "TCP": tcpConfig(address).Listeners[0], "HTTPS": httpsListener("l0", address, "", "c"),
		"terminate": tlsListener("l0", address, "", "c"), "passthrough": tlsListener("l0", address, ""),
	}
	pair := ca.Issue("c", "here.test")
	become := func(kind string) {
		t.Helper()
		cfg := plain()
		cfg.Certificates = []config.Certificate{certificate("c", pair)}
		cfg.Listeners = []config.Listener{kinds[kind]}
		apply(t, s, cfg)
	}
	// open returns a connection of the kind that was shown to be served.
	open := map[string]func() net.Conn{
		"HTTP":  func() net.Conn { return requested(t, dial(t, address)) },
		"HTTPS": func() net.Conn { return requested(t, secured(t, address, &tls.Config{ServerName: "here.test"})) },
		"TCP": func() net.Conn {
			c := dial(t, address)
			line(t, c)
			return c
		},
		"terminate": func() net.Conn {
			c := secured(t, address, &tls.Config{ServerName: "here.test"})
			line(t, c)
			return c
		},
		"passthrough": func() net.Conn { return passedThrough(t, address, "here.test") },
	}
	become("HTTP")
	socket := s.sockets[address]
	for from := range kinds {
		for to := range kinds {
			if from == to {
				continue
			}
			become(from)
			c := open[from]()
			become(to)
			open[to]()
			if _, err := io.Copy(io.Discard, c); isTimeout(err) {
				t.Errorf("from %s to %s: the connection goes on: %v", from, to, err)
			}
			if s.sockets[address] != socket {
				t.Fatalf("from %s to %s: the socket is another one", from, to)
			}
		}
	}
}

// requested sends a request and reads the answer.
func requested(t testing.TB, c net.Conn) net.Conn {
	t.Helper()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: here.test\r\n\r\n")
	if got := line(t, c); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Fatalf("answered with %q", got)
	}
	return c
}
