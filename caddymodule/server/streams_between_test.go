// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// TestWhoeverComesDuringAChangeGetsWhatFollows: a client that has said half of what it
// wants when the listeners of the socket become others.
func TestWhoeverComesDuringAChangeGetsWhatFollows(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	hello := clientHello(t, "some.example.com")
	certs := mixed(address, ca).Certificates
	only := func(l config.Listener) *config.Config {
		cfg := plain()
		cfg.Certificates = certs
		cfg.Listeners = []config.Listener{l}
		return cfg
	}
	for name, tc := range map[string]struct {
		then *config.Config
		want string // the first byte
	}{
		"passthrough elsewhere": {only(tlsListener("any", address, "")), "t"},                            // the name of the listener
		"HTTPS":                 {only(httpsListener("https", address, "", "https")), "\x16"},            // a ServerHello
		"no certificate":        {only(httpsListener("shut", address, "")), "\x15"},                      // an alert
		"terminated":            {only(tlsListener("ended", address, "*.example.com", "https")), "\x16"}, // a ServerHello
		"TCP":                   {tcpConfig(address), "t"},
		"HTTP":                  {plain(address), "H"}, // an answer, with 400
		"nothing for it":        {only(tlsListener("other", address, "other.test")), ""},
	} {
		s := newStreamSet(t, 0, echo)
		apply(t, s, mixed(address, ca))
		c := dial(t, address)
		if _, err := c.Write(hello[:100]); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is accepted", func() bool { return s.sockets[address].arrivals.count() == 1 })
		apply(t, s, tc.then)
		if _, err := fmt.Fprintf(c, "%s", hello[100:]); err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 1)
		n, err := c.Read(first)
		if got := string(first[:n]); got != tc.want || isTimeout(err) {
			t.Errorf("%s: it hears %q, %v; want %q", name, got, err, tc.want)
		}
		s.Close()
	}
}

// TestHTTPSDoesNotServeTheNamesOfTLSListeners to who was accepted before there were any.
func TestHTTPSDoesNotServeTheNamesOfTLSListeners(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, echo)
	cfg := plain()
	cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("c"))}
	cfg.Listeners = []config.Listener{httpsListener("any", address, "", "c")}
	apply(t, s, cfg)
	c := dial(t, address)
	eventually(t, "it is accepted", func() bool { return s.sockets[address].front.Load().http.count() == 1 })
	cfg.Listeners = append(cfg.Listeners, tlsListener("its", address, "its.test"))
	apply(t, s, cfg)
	err := tls.Client(c, &tls.Config{ServerName: "its.test", InsecureSkipVerify: true}).Handshake()
	if err == nil || refused(err) != "unrecognized name" {
		t.Errorf("the handshake: %v", err)
	}
}

// TestHandshakesDoNotCrossRules: one that began by a rule and is done when that is another.
func TestHandshakesDoNotCrossRules(t *testing.T) {
	r := newRules(t)
	var served atomic.Bool
	s := newStreamSet(t, 0, func(context.Context, *stream.Conn) { served.Store(true) })
	with := func(authorities ...*certtest.CA) *config.Config {
		cfg := r.with(config.ClientCertRequire, authorities...)
		cfg.Listeners[0].Protocol = config.TLS
		return cfg
	}
	apply(t, s, with())
	client := r.client(t)
	client.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error {
		apply(t, s, with(r.ca))
		return nil
	}
	c := tls.Client(dial(t, r.address), client)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the connection goes on: %v", err)
	}
	if served.Load() {
		t.Error("it was served")
	}
}

// TestArrivalsHaveNoPlaceTwice: a connection that is closed while it is handed on is
// among the connections of nobody.
func TestArrivalsHaveNoPlaceTwice(t *testing.T) {
	for range 200 {
		c, _ := connPair(t)
		from, to := newGroup(), newGroup()
		arrived := newConn(c.TCPConn, newLimiter(), &from)
		to.add(arrived)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = arrived.Close()
		}()
		arrived.move(&to)
		<-closed
		if from.count()+to.count() > 0 {
			t.Fatalf("%d and %d", from.count(), to.count())
		}
	}
}

// TestRetiredListenersTakeNothing: what they took would be known to nobody.
func TestRetiredListenersTakeNothing(t *testing.T) {
	accepted, _ := connPair(t)
	arrivals := newGroup()
	a := &arrival{conn: newConn(accepted.TCPConn, newLimiter(), &arrivals)}
	l := newStreamListener(&streamSpec{kind: kindTCP}, streamFunc(func(context.Context, *stream.Conn) {
		t.Error("it is served")
	}), zap.NewNop())
	l.retire()
	if l.take(a) || l.count() != 0 || arrivals.count() != 1 {
		t.Errorf("%d are the listener's, %d nobody's", l.count(), arrivals.count())
	}
}
