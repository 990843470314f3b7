// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/kubera-dev/kubera/test/certtest"
)

// streamBackend says its name on each connection before the client says anything,
// and then what the client says. A datagram it answers with its name and the datagram.
type streamBackend struct {
	name string
	// ports of TCP, of TLS, and of UDP.
	tcp, tls, udp string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	ended bool
}

func newStreamBackend(t *testing.T, name string, ca *certtest.CA) *streamBackend {
	t.Helper()
	b := &streamBackend{name: name, conns: map[net.Conn]struct{}{}}
	plain, secure := listenTCP(t), listenTCP(t)
	packets, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.tcp, b.tls, b.udp = port(plain.Addr()), port(secure.Addr()), port(packets.LocalAddr())
	secure = tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{ca.Issue(name, name).TLS(t)}, MinVersion: tls.VersionTLS12})
	var servers sync.WaitGroup
	servers.Go(func() { b.accept(&servers, plain) })
	servers.Go(func() { b.accept(&servers, secure) })
	servers.Go(func() { b.answer(packets) })
	t.Cleanup(func() {
		plain.Close()
		secure.Close()
		packets.Close()
		b.end()
		servers.Wait()
	})
	return b
}

func listenTCP(t *testing.T) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func port(address net.Addr) string {
	_, port, _ := net.SplitHostPort(address.String())
	return port
}

func (b *streamBackend) accept(servers *sync.WaitGroup, ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		servers.Go(func() {
			defer conn.Close()
			if b.begin(conn) {
				fmt.Fprintln(conn, b.name)
				io.Copy(conn, conn)
				b.forget(conn)
			}
		})
	}
}

func (b *streamBackend) answer(packets net.PacketConn) {
	buf := make([]byte, 65536)
	for {
		n, client, err := packets.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			packets.WriteTo(append([]byte(b.name+" "), buf[:n]...), client)
		}
	}
}

func (b *streamBackend) begin(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns[conn] = struct{}{}
	return !b.ended
}

func (b *streamBackend) forget(conn net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, conn)
}

func (b *streamBackend) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	for conn := range b.conns {
		conn.Close()
	}
}
