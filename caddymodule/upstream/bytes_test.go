// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// greeting says its name to everybody.
func greeting(t testing.TB, name string) string {
	return listen(t, func(_ int, c net.Conn) {
		io.WriteString(c, name)
		io.Copy(io.Discard, c)
	})
}

func hear(t testing.TB, b *Backend) string {
	t.Helper()
	c, err := b.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var p [1]byte
	if _, err := io.ReadFull(c.TCP, p[:]); err != nil {
		t.Fatal(err)
	}
	return string(p[:])
}

// readAhead is a connection some of which was read already.
type readAhead struct {
	net.Conn
	r *bufio.Reader
}

func (c readAhead) Read(p []byte) (int, error) { return c.r.Read(p) }

func TestDial(t *testing.T) {
	b := newBackend(t, Bytes, greeting(t, "a"))
	if got := hear(t, b); got != "a" {
		t.Errorf("heard %q", got)
	}
}

func TestDialFailsOver(t *testing.T) {
	good := greeting(t, "a")
	b := newBackend(t, Bytes, closedPort(t), closedPort(t), good)
	for range 20 {
		if got := hear(t, b); got != "a" {
			t.Fatalf("heard %q", got)
		}
	}
}

func TestDialRemembersFailures(t *testing.T) {
	b := newBackend(t, Bytes, closedPort(t))
	_, err := b.Dial(t.Context(), nil)
	wantKind(t, err, ConnectFailed)
	e := b.set.Load().ready[0]
	if !hasFailed(e) || e.inflight.Load() != 0 {
		t.Errorf("failing %t, %d under way", hasFailed(e), e.inflight.Load())
	}
}

func TestDialErrors(t *testing.T) {
	_, err := newBackend(t, Bytes).Dial(t.Context(), nil)
	wantKind(t, err, NoEndpoints)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b := newBackend(t, Bytes, greeting(t, "a"), greeting(t, "b"))
	_, err = b.Dial(ended, nil)
	wantKind(t, err, Canceled)
	for _, e := range b.set.Load().ready {
		if hasFailed(e) {
			t.Error("an endpoint is blamed for what the caller did")
		}
	}
}

// Draining endpoints get connections where there are no others.
func TestDialLeavesDrainingEndpointsAlone(t *testing.T) {
	a, z := greeting(t, "a"), greeting(t, "z")
	b := newBackend(t, Bytes)
	b.SetEndpoints([]config.Endpoint{{Address: z, Draining: true}, {Address: a}})
	for range 10 {
		if got := hear(t, b); got != "a" {
			t.Fatalf("heard %q", got)
		}
	}
	b.SetEndpoints([]config.Endpoint{{Address: z, Draining: true}})
	if got := hear(t, b); got != "z" {
		t.Errorf("heard %q", got)
	}
}

// Connections that last are spread by how many each endpoint has, and outlive their
// endpoint.
func TestDialBalances(t *testing.T) {
	addresses := []string{greeting(t, "a"), greeting(t, "b")}
	b := newBackend(t, Bytes, addresses...)
	count := map[string]int{}
	var open []*Connection
	for range 20 {
		c, err := b.Dial(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		count[c.Endpoint()]++
		open = append(open, c)
	}
	if count[addresses[0]] != 10 || count[addresses[1]] != 10 {
		t.Errorf("20 connections went to %v", count)
	}
	b.SetEndpoints(nil)
	b.retire()
	for _, c := range open {
		if _, err := io.ReadFull(c.TCP, make([]byte, 1)); err != nil {
			t.Error(err)
		}
		c.Close()
		if _, err := c.TCP.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
}

func TestDialIsCounted(t *testing.T) {
	m, b := newCounted(t, Bytes, closedPort(t), greeting(t, "a"))
	c, err := b.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(n string) {
		t.Helper()
		want := "# HELP kubera_proxy_upstream_connections Open connections to endpoints, idle ones included.\n" +
			"# TYPE kubera_proxy_upstream_connections gauge\nkubera_proxy_upstream_connections{backend=\"app\"} " + n + "\n"
		if err := testutil.CollectAndCompare(m, strings.NewReader(want), "kubera_proxy_upstream_connections"); err != nil {
			t.Error(err)
		}
	}
	expect("1")
	c.Close()
	expect("0")
}

// What is written first is in clear text also where TLS follows, which offers nothing by
// ALPN.
func TestDialOverTLS(t *testing.T) {
	eachTLS(t, func(t *testing.T, version uint16) {
		ca := certtest.NewCA(t, "test")
		offered := make(chan []string, 1)
		server := serverConfig(t, ca.Issue("app", serverName), version)
		server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			offered <- hello.SupportedProtos
			return nil, nil
		}
		address := listen(t, func(_ int, c net.Conn) {
			r := bufio.NewReader(c)
			first, _ := r.ReadString('\n')
			secured := tls.Server(readAhead{c, r}, server)
			io.WriteString(secured, first)
			secured.CloseWrite()
			io.Copy(io.Discard, secured)
		})
		b := newBackendOf(t, Spec{ID: "app", Protocol: Bytes, TLS: identity(ca)}, address)
		c, err := b.Dial(t.Context(), []byte("PROXY\n"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, err := io.ReadAll(c.TLS); string(got) != "PROXY\n" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if list := <-offered; len(list) > 0 {
			t.Errorf("offered %v", list)
		}
	})
}

// An endpoint that is not who it should be is none, and another is tried.
func TestDialFailsOverFromImpostors(t *testing.T) {
	ca := certtest.NewCA(t, "test")
	secure := func(name string) string {
		server := serverConfig(t, ca.Issue(name, name), tls.VersionTLS13)
		return listen(t, func(_ int, c net.Conn) {
			secured := tls.Server(c, server)
			io.WriteString(secured, name)
			io.Copy(io.Discard, secured)
		})
	}
	b := newBackendOf(t, Spec{ID: "app", Protocol: Bytes, TLS: identity(ca)}, secure("other.example.com"), secure(serverName))
	for range 10 {
		c, err := b.Dial(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(serverName))
		if _, err := io.ReadFull(c.TLS, got); err != nil || string(got) != serverName {
			t.Errorf("read %q, %v", got, err)
		}
		c.Close()
	}
}

// The end of TCP is not that of TLS.
func TestDialNoticesTruncation(t *testing.T) {
	ca := certtest.NewCA(t, "test")
	server := serverConfig(t, ca.Issue("app", serverName), tls.VersionTLS13)
	address := listen(t, func(_ int, c net.Conn) { io.WriteString(tls.Server(c, server), "half of it") })
	b := newBackendOf(t, Spec{ID: "app", Protocol: Bytes, TLS: identity(ca)}, address)
	c, err := b.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c.TLS); string(got) != "half of it" || !errors.Is(err, errTruncated) {
		t.Errorf("read %q, %v", got, err)
	}
}
