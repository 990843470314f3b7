// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/certtest"
)

// splitConn lets a test decide when what TLS writes goes out, and in which pieces.
type splitConn struct {
	net.Conn
	hold bool
	held []byte

	// holdAnswers begins to hold with what is written after an answer was read: of a
	// handshake of TLS 1.3 those are the session tickets.
	holdAnswers bool
	wrote       bool
}

func (c *splitConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.hold = c.hold || c.holdAnswers && c.wrote
	return n, err
}

func (c *splitConn) Write(p []byte) (int, error) {
	c.wrote = true
	if c.hold {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// release sends n bytes of what was held back.
func (c *splitConn) release(n int) {
	c.Conn.Write(c.held[:n])
	c.held = c.held[n:]
}

func TestTLSConnectionIsUsedAgain(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	eachTLS(t, func(t *testing.T, version uint16) {
		var conns atomic.Int32
		b := newBackendTLS(t, identity(ca), listenTLS(t, serverConfig(t, ca.Issue("", serverName), version), func(_ int, c *tls.Conn) {
			conns.Add(1)
			answerAll(c)
		}))
		for range 5 {
			if err := get(t, b); err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{0, 1, maxInline, maxInline + 1, 100_000} {
				if err := exchange(t, b, post(t, strings.Repeat("x", size))); err != nil {
					t.Fatal(err)
				}
			}
			theEndpoint(b).prune()
		}
		if n := conns.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestTLSIdleConnectionThatEnded has endpoints that do something on an idle
// connection after which nobody may be asked on it: no request may fail for that, or
// get what it has not asked for.
func TestTLSIdleConnectionThatEnded(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	const goodbye = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	for name, end := range map[string]func(c *tls.Conn, below *splitConn){
		"closes":              func(c *tls.Conn, _ *splitConn) { c.Close() },
		"closes TLS":          func(c *tls.Conn, _ *splitConn) { c.CloseWrite() },
		"closes TCP":          func(_ *tls.Conn, below *splitConn) { below.Close() },
		"closes its half":     func(_ *tls.Conn, below *splitConn) { below.Conn.(*net.TCPConn).CloseWrite() },
		"resets":              func(_ *tls.Conn, below *splitConn) { below.Conn.(*net.TCPConn).SetLinger(0); below.Close() },
		"answers":             func(c *tls.Conn, _ *splitConn) { io.WriteString(c, goodbye) },
		"begins to answer":    func(c *tls.Conn, below *splitConn) { below.hold = true; io.WriteString(c, goodbye); below.release(20) },
		"begins a record":     func(c *tls.Conn, below *splitConn) { below.hold = true; io.WriteString(c, goodbye); below.release(2) },
		"speaks in clear":     func(_ *tls.Conn, below *splitConn) { io.WriteString(below.Conn, goodbye) },
		"sends an alert":      func(_ *tls.Conn, below *splitConn) { below.Conn.Write([]byte{21, 3, 3, 0, 2, 2, 80}) },
		"sends a bad record":  func(_ *tls.Conn, below *splitConn) { below.Conn.Write([]byte{23, 3, 3, 0, 3, 1, 2, 3}) },
		"sends a long record": func(_ *tls.Conn, below *splitConn) { below.Conn.Write([]byte{23, 3, 3, 0xff, 0xff}) },
	} {
		t.Run(name, func(t *testing.T) {
			eachTLS(t, func(t *testing.T, version uint16) {
				server := serverConfig(t, ca.Issue("", serverName), version)
				begin := make(chan struct{})
				b := newBackendTLS(t, identity(ca), listen(t, func(n int, nc net.Conn) {
					below := &splitConn{Conn: nc}
					c := tls.Server(below, server)
					if n > 1 {
						answerAll(c)
						return
					}
					r := bufio.NewReader(c)
					if _, err := http.ReadRequest(r); err != nil {
						t.Error(err)
						return
					}
					io.WriteString(c, okResponse)
					<-begin
					end(c, below)
					if _, err := http.ReadRequest(r); err == nil {
						t.Error("another request came")
					}
				}))
				if err := get(t, b); err != nil {
					t.Fatal(err)
				}
				close(begin)
				awaitClosed(t, b)
				for _, size := range []int{0, 100_000} {
					if err := exchange(t, b, post(t, strings.Repeat("x", size))); err != nil {
						t.Errorf("POST of %d bytes: %v", size, err)
					}
				}
			})
		})
	}
}

// TestTLSRecordsBehindAResponse has what comes behind a response in the buffers of
// TLS by the time that the response has ended: the socket has nothing to tell any
// more.
func TestTLSRecordsBehindAResponse(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	for name, behind := range map[string]struct {
		text string
		cut  int // bytes that are missing at the end
	}{
		"a response":      {okResponse, 0},
		"part of one":     {okResponse, 10},
		"part of a frame": {"H", 20},
	} {
		t.Run(name, func(t *testing.T) {
			eachTLS(t, func(t *testing.T, version uint16) {
				server := serverConfig(t, ca.Issue("", serverName), version)
				b := newBackendTLS(t, identity(ca), listen(t, func(n int, nc net.Conn) {
					below := &splitConn{Conn: nc}
					c := tls.Server(below, server)
					if n > 1 {
						answerAll(c)
						return
					}
					r := bufio.NewReader(c)
					http.ReadRequest(r)
					below.hold = true
					io.WriteString(c, okResponse)
					io.WriteString(c, behind.text)
					below.release(len(below.held) - behind.cut)
					if _, err := http.ReadRequest(r); err == nil {
						t.Error("another request came")
					}
				}))
				if err := get(t, b); err != nil {
					t.Fatal(err)
				}
				if alive, err := theEndpoint(b).idle[0].alive(); alive || err != nil {
					t.Errorf("alive: %v, %v", alive, err)
				}
				resp, err := b.Do(newRequest(t.Context(), http.MethodHead))
				if err != nil {
					t.Fatal(err)
				}
				resp.Close()
			})
		})
	}
}

// TestTLSTicketsOnAnIdleConnection has the session tickets of TLS 1.3 come while
// nothing is asked.
func TestTLSTicketsOnAnIdleConnection(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	server := serverConfig(t, ca.Issue("", serverName), tls.VersionTLS13)
	server.ClientAuth = tls.RequestClientCert // else they are in the first flight already
	steps := make(chan func(*splitConn))
	stepped := make(chan struct{})
	b := newBackendTLS(t, identity(ca), listen(t, func(n int, nc net.Conn) {
		below := &splitConn{Conn: nc, holdAnswers: n == 1}
		c := tls.Server(below, server)
		if c.HandshakeContext(t.Context()) != nil {
			return
		}
		for step := range steps {
			step(below)
			stepped <- struct{}{}
		}
		answerAll(c)
	}))
	e := theEndpoint(b)
	nc, err := e.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(e, nc)
	step := func(f func(*splitConn)) {
		steps <- f
		<-stepped
	}
	look := func(what string, want bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
			alive, err := c.alive()
			if err != nil {
				t.Fatal(err)
			}
			if alive == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: alive is %v", what, alive)
			}
		}
	}
	look("nothing has come", true)
	step(func(below *splitConn) { below.release(7) })
	look("a part of a ticket has come", false)
	step(func(below *splitConn) {
		below.release(len(below.held))
		below.hold, below.holdAnswers = false, false
	})
	look("the ticket has come", true)
	close(steps)
	e.put(c)
	if err := get(t, b); err != nil {
		t.Fatal(err)
	}
	idle := e.pop()
	if idle != c {
		t.Fatal("the connection was not used again")
	}
	idle.close()
	// The ticket was taken in.
	nc, err = e.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer newConn(e, nc).close()
	if !nc.(*tls.Conn).ConnectionState().DidResume {
		t.Error("the session was not resumed")
	}
}
