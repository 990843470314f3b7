// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// Protocols of backends in tests only: what backendAt makes of them is the protocol
// over TLS.
const (
	overTLS1 config.BackendProtocol = "http over TLS"
	overTLS2 config.BackendProtocol = "http2 over TLS"
)

// serverName is what servers of serve are called in TLS.
const serverName = "app.example.com"

// quiet is for servers whose clients break off handshakes.
var quiet = log.New(io.Discard, "", 0)

// testBundle is the ID of the CA bundle with testCA.
const testBundle = "ConfigMap/test/ca"

var (
	testCAOnce sync.Once
	theTestCA  *certtest.CA
)

// testCA has issued the certificates of all servers of serve.
func testCA(t testing.TB) *certtest.CA {
	testCAOnce.Do(func() { theTestCA = certtest.NewCA(t, "test") })
	return theTestCA
}

// withTLS makes a backend one of serve's over TLS, if its protocol says so.
func withTLS(b config.Backend) config.Backend {
	protocol, ok := map[config.BackendProtocol]config.BackendProtocol{
		overTLS1: config.BackendHTTP, overTLS2: config.BackendHTTP2,
	}[b.Protocol]
	if ok {
		b.Protocol = protocol
		b.TLS = &config.BackendTLS{ServerName: serverName, CABundles: []string{testBundle}}
	}
	return b
}

// testBundles are the CA bundles of configurations in tests.
func testBundles() []config.CABundle {
	if theTestCA == nil {
		return nil
	}
	return []config.CABundle{{ID: testBundle, Certificates: string(theTestCA.PEM)}}
}

// eitherListener hands out connections of TLS and in clear text, as they come.
type eitherListener struct {
	net.Listener
	config *tls.Config
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	wg     sync.WaitGroup

	mu      sync.Mutex
	waiting map[net.Conn]struct{} // that have said nothing yet
}

func newEitherListener(t testing.TB, ln net.Listener) *eitherListener {
	t.Helper()
	l := &eitherListener{
		Listener: ln,
		config: &tls.Config{
			Certificates: []tls.Certificate{testCA(t).Issue("app", serverName).TLS(t)},
			NextProtos:   []string{"h2", "http/1.1"},
		},
		conns: make(chan net.Conn), closed: make(chan struct{}), waiting: map[net.Conn]struct{}{},
	}
	l.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.waiting[c] = struct{}{}
			l.mu.Unlock()
			l.wg.Go(func() { l.sort(c) })
		}
	})
	return l
}

// sort waits for the first byte, by which TLS is known (RFC 8446, 5.1).
func (l *eitherListener) sort(c net.Conn) {
	first := make([]byte, 1)
	_, err := io.ReadFull(c, first)
	l.mu.Lock()
	delete(l.waiting, c)
	l.mu.Unlock()
	if err != nil {
		c.Close()
		return
	}
	var sorted net.Conn = &begunConn{Conn: c, rest: io.MultiReader(bytes.NewReader(first), c)}
	if first[0] == 0x16 {
		sorted = tls.Server(sorted, l.config)
	}
	select {
	case l.conns <- sorted:
	case <-l.closed:
		c.Close()
	}
}

func (l *eitherListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *eitherListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	err := l.Listener.Close()
	l.mu.Lock()
	for c := range l.waiting {
		c.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
	return err
}

// begunConn is a connection of which something was read.
type begunConn struct {
	net.Conn
	rest io.Reader
}

func (c *begunConn) Read(p []byte) (int, error) { return c.rest.Read(p) }
