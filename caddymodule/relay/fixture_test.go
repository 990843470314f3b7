// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/test/certtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// joined is a pair that is being run, and the far ends of its connections.
type joined struct {
	client, endpoint duplex
	cancel           context.CancelFunc
	result           chan Result
}

// duplex is a connection that can be ended in one direction.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// join runs a pair until the test ends. client makes of the two ends of the client's
// connection what the client uses and what Run gets.
func join(t testing.TB, change ...func(*Pair)) *joined {
	t.Helper()
	clientFar, clientNear := connect(t)
	endpointFar, endpointNear := connect(t)
	j := &joined{client: clientFar, endpoint: endpointFar}
	j.run(t, &Pair{Client: Side{TCP: clientNear}, Endpoint: Side{TCP: endpointNear}}, change...)
	return j
}

func (j *joined) run(t testing.TB, p *Pair, change ...func(*Pair)) {
	t.Helper()
	for _, f := range change {
		f(p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	j.cancel, j.result = cancel, make(chan Result, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.result <- Run(ctx, p)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// joinTLS is join with TLS on the sides that are named.
func joinTLS(t testing.TB, sides string, change ...func(*Pair)) *joined {
	t.Helper()
	ca := certtest.NewCA(t, "test")
	server := &tls.Config{Certificates: []tls.Certificate{ca.Issue("x", "x.test").TLS(t)}}
	client := &tls.Config{RootCAs: ca.Pool(), ServerName: "x.test"}
	clientFar, clientNear := connect(t)
	endpointFar, endpointNear := connect(t)
	j := &joined{client: clientFar, endpoint: endpointFar}
	p := &Pair{Client: Side{TCP: clientNear}, Endpoint: Side{TCP: endpointNear}}
	if sides != "endpoint" {
		p.Client.TLS = tls.Server(clientNear, server)
		far := tls.Client(clientFar, client)
		shake(t, far, p.Client.TLS)
		j.client = far
	}
	if sides != "client" {
		p.Endpoint.TLS = tls.Client(endpointNear, client)
		far := tls.Server(endpointFar, server)
		shake(t, p.Endpoint.TLS, far)
		j.endpoint = far
	}
	j.run(t, p, change...)
	return j
}

func shake(t testing.TB, client, server *tls.Conn) {
	t.Helper()
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		t.Fatal(err)
	}
}

// connect returns the two ends of a connection. The first has a deadline.
func connect(t testing.TB) (far, near *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	a.SetDeadline(time.Now().Add(patience))
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

// reset closes a connection with RST.
func reset(c net.Conn) {
	if over, ok := c.(*tls.Conn); ok {
		c = over.NetConn()
	}
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func expect(t testing.TB, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if n, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
		t.Fatalf("read %.100q, %v; want %.100q", buf[:n], err, want)
	}
}

func expectEOF(t testing.TB, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("read %d bytes, %v; want the end", n, err)
	}
}

func expectReset(t testing.TB, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("read %d bytes, %v; want a reset", n, err)
	}
}

func (j *joined) expect(t testing.TB, want Outcome) Result {
	t.Helper()
	select {
	case r := <-j.result:
		if r.Outcome != want || (r.Err == nil) != (want == Completed) {
			t.Errorf("outcome %d, %v; want %d", r.Outcome, r.Err, want)
		}
		return r
	case <-time.After(patience):
		t.Fatal("Run does not return")
		panic("unreachable")
	}
}

// meter is a Meter that remembers.
type meter struct{ received, sent atomic.Int64 }

func (m *meter) Received(n int64) { m.received.Add(n) }
func (m *meter) Sent(n int64)     { m.sent.Add(n) }
