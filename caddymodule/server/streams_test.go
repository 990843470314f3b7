// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestTCPConnectionsAreServedAsTheyCome(t *testing.T) {
	address := loopback.FreeAddress(t)
	served := make(chan *stream.Conn, 1)
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		served <- c
		echo(ctx, c) // which speaks first
	})
	apply(t, s, tcpConfig(address))
	before := time.Now()
	c := dial(t, address)
	if got := line(t, c); got != "test/gw/l0" {
		t.Errorf("for listener %q", got)
	}
	say(t, c, "hello")
	got := <-served
	if got.Prefix != nil || got.TLS != nil || got.ServerName != "" {
		t.Errorf("something was read: %+v", got)
	}
	if got.Client.String() != c.LocalAddr().String() || got.Local.String() != address {
		t.Errorf("from %s to %s", got.Client, got.Local)
	}
	if got.Accepted.Before(before) || got.Accepted.After(time.Now()) {
		t.Errorf("accepted at %s", got.Accepted)
	}
	c.CloseWrite()
	if got := rest(t, c); got != "" {
		t.Errorf("then comes %q", got)
	}
}

// TestTCPConnectionsAreResetWhereTheHandlerSaysSo: closing is for the socket, how is for
// the handler.
func TestTCPConnectionsAreResetWhereTheHandlerSaysSo(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, func(_ context.Context, c *stream.Conn) {
		first := make([]byte, 1)
		if _, err := io.ReadFull(c.TCP, first); err != nil {
			t.Error(err)
		}
		if first[0] == 'r' {
			if err := c.TCP.SetLinger(0); err != nil {
				t.Error(err)
			}
		}
	})
	apply(t, s, tcpConfig(address))
	for text, want := range map[string]error{"r": syscall.ECONNRESET, "c": io.EOF} {
		c := dial(t, address)
		fmt.Fprint(c, text)
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// mixed has listeners of both protocols, and of both modes, on one address.
func mixed(address string, ca *certtest.CA) *config.Config {
	cfg := plain()
	for _, name := range []string{"https", "terminated"} {
		cfg.Certificates = append(cfg.Certificates, certificate(name, ca.Issue(name)))
	}
	none := tlsListener("none", address, "none.example.com", "https")
	none.TLS.Certificates = nil
	cfg.Listeners = []config.Listener{
		httpsListener("exact", address, "exact.example.com", "https"),
		tlsListener("wild", address, "*.example.com"),
		tlsListener("deep", address, "*.deep.example.com", "terminated"),
		httpsListener("deeper", address, "*.deeper.deep.example.com", "https"),
		tlsListener("passed", address, "passed.deep.example.com"),
		none,
		httpsListener("shut", address, "shut.example.com"),
		tlsListener("other", address, "*.other.test", "terminated"),
	}
	return cfg
}

func TestListenersOfAllProtocolsAreChosenBySNI(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, backend(t, ca))
	cfg := mixed(address, ca)
	const https, terminated, nothing = "https", "terminated", "EOF"
	for sni, want := range map[string]string{
		"exact.example.com":         https,
		"Exact.Example.com":         https,
		"some.example.com":          "backend of test/gw/wild for some.example.com",
		"Some.EXAMPLE.com":          "backend of test/gw/wild for some.example.com",
		"a.b.example.com":           "backend of test/gw/wild for a.b.example.com",
		"a.deep.example.com":        terminated,
		"passed.deep.example.com":   "backend of test/gw/passed for passed.deep.example.com",
		"a.deeper.deep.example.com": https,
		"deeper.deep.example.com":   terminated,
		"a.other.test":              terminated,
		"none.example.com":          "unrecognized name",
		"shut.example.com":          "unrecognized name",
		"example.com":               nothing,
		"elsewhere.test":            nothing,
		"":                          nothing,
	} {
		apply(t, s, cfg)
		if got := subject(t, address, sni); !strings.Contains(got, want) {
			t.Errorf("SNI %q: got %s, want %s", sni, got, want)
		}
	}
	cfg.Listeners = append(cfg.Listeners, tlsListener("any", address, ""))
	apply(t, s, cfg)
	for sni, want := range map[string]string{
		"example.com": "backend of test/gw/any for example.com", "": "backend of test/gw/any for ", "exact.example.com": https,
	} {
		if got := subject(t, address, sni); got != want {
			t.Errorf("SNI %q: got %s, want %s", sni, got, want)
		}
	}
}

func TestRequestsGoThroughASocketWithTLSListeners(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, echo)
	cfg := mixed(address, ca)
	cfg.Certificates[0] = certificate("https", ca.Issue("https", "exact.example.com"))
	apply(t, s, cfg)
	client := newClient(t, &tls.Config{RootCAs: ca.Pool(), ServerName: "exact.example.com"}, nil)
	for range 3 {
		if got := mustGet(t, client, "https://"+address); got != address {
			t.Errorf("answered with %q", got)
		}
	}
}

func TestTerminatedConnections(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	served := make(chan *stream.Conn, 1)
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		served <- c
		echo(ctx, c)
	})
	apply(t, s, mixed(address, ca))
	c, _, err := handshake(address, &tls.Config{ServerName: "A.Deep.Example.Com", NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := line(t, c); got != "test/gw/deep" {
		t.Errorf("for listener %q", got)
	}
	say(t, c, "hello")
	got := <-served
	if got.TLS == nil || got.Prefix != nil || got.ServerName != "a.deep.example.com" || got.Client.String() != c.LocalAddr().String() {
		t.Errorf("served %+v", got)
	}
	if alpn := c.ConnectionState().NegotiatedProtocol; alpn != "" {
		t.Errorf("%s was negotiated", alpn)
	}
}

// TestConnectionsWithoutListenerHearNothing: not even an alert.
func TestConnectionsWithoutListenerHearNothing(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, echo)
	apply(t, s, mixed(address, ca))
	for name, send := range map[string]func(net.Conn){
		"no listener": func(c net.Conn) { _ = tls.Client(c, &tls.Config{ServerName: "elsewhere.test"}).Handshake() },
		"no name":     func(c net.Conn) { _ = tls.Client(c, &tls.Config{InsecureSkipVerify: true}).Handshake() },
		"no TLS":      func(c net.Conn) { fmt.Fprint(c, "GET / HTTP/1.1\r\n\r\n") },
		"nothing":     func(c net.Conn) { c.(*heard).TCPConn.CloseWrite() },
	} {
		c := &heard{TCPConn: dial(t, address)}
		send(c)
		rest(t, c)
		if c.bytes > 0 {
			t.Errorf("%s: %d bytes came back", name, c.bytes)
		}
	}
}

// heard counts what is read.
type heard struct {
	*net.TCPConn
	bytes int
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.TCPConn.Read(p)
	h.bytes += n
	return n, err
}

// TestHandshakesAreBoundInTime: of those that a client begins and does not finish.
func TestHandshakesAreBoundInTime(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	pair := ca.Issue("c").TLS(t)
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		var hearing sync.WaitGroup
		defer hearing.Wait()
		defer server.Close()
		hearing.Go(func() { _, _ = io.Copy(io.Discard, client) }) // until the other end is closed
		l := newStreamListener(&streamSpec{kind: kindTerminate}, nil, zap.NewNop())
		l.tls.Store(listenerTLS(config.TLS, []*tls.Certificate{&pair}, nil))
		began := time.Now()
		_, err := l.handshake(server, []byte{22, 3, 1})
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != handshakeTimeout {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestAFaultOfAHandlerIsItsConnectionsOnly has one that panics.
func TestAFaultOfAHandlerIsItsConnectionsOnly(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newStreamSet(t, 0, func(ctx context.Context, c *stream.Conn) {
		if text := line(t, c.TCP); text == "panic" {
			panic("as it was told")
		}
		echo(ctx, c)
	})
	apply(t, s, tcpConfig(address))
	good, bad := dial(t, address), dial(t, address)
	fmt.Fprintln(bad, "panic")
	if got := rest(t, bad); got != "" {
		t.Errorf("the bad one hears %q", got)
	}
	fmt.Fprintln(good, "on")
	line(t, good)
	say(t, good, "hello")
}

func TestPrepareRefusesStreamsThatNobodyServes(t *testing.T) {
	s := newSet(t, nil)
	address := loopback.FreeAddress(t)
	for _, l := range []config.Listener{tcpConfig(address).Listeners[0], tlsListener("l0", address, "")} {
		cfg := plain()
		cfg.Listeners = []config.Listener{l}
		_, err := s.Prepare(cfg)
		refusal, ok := errors.AsType[*config.Refusal](err)
		if !ok || refusal.Object != "test/gw/l0" || refusal.Field != "protocol" {
			t.Errorf("%s: %v", l.Protocol, err)
		}
	}
}

// TestUDPListenersOpenNoTCPSocket: their address is another one.
func TestUDPListenersOpenNoTCPSocket(t *testing.T) {
	s := newSet(t, nil)
	address := loopback.FreeAddress(t)
	cfg := plain(address)
	cfg.Listeners[0].Protocol = config.UDP
	apply(t, s, cfg)
	if s.Addr(address) != nil {
		t.Error("there is a socket")
	}
}
