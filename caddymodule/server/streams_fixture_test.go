// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
)

// streamFunc is a stream.Handler.
type streamFunc func(context.Context, *stream.Conn)

func (f streamFunc) ServeStream(ctx context.Context, c *stream.Conn) { f(ctx, c) }

// newStreamSet returns a Set whose HTTP handler answers with the address of the socket.
func newStreamSet(t testing.TB, timeout time.Duration, handle streamFunc) *Set {
	t.Helper()
	s := New(Options{
		Handler: func(address string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, address) })
		},
		Streams:      handle,
		CloseTimeout: timeout,
		Logger:       zaptest.NewLogger(t),
	})
	t.Cleanup(s.Close)
	return s
}

// through is what the handler reads from and writes to.
func through(c *stream.Conn) io.ReadWriter {
	if c.TLS != nil {
		return c.TLS
	}
	return struct {
		io.Reader
		io.Writer
	}{io.MultiReader(bytes.NewReader(c.Prefix), c.TCP), c.TCP}
}

// echo says which listener a connection is for, and then what the client says.
func echo(_ context.Context, c *stream.Conn) {
	rw := through(c)
	fmt.Fprintf(rw, "%s\n", c.Listener)
	_, _ = io.Copy(rw, rw)
}

// backend answers, at a listener that passes TLS through, as the backend would: with a
// certificate of its own whose name says which listener was asked for what.
func backend(t testing.TB, ca *certtest.CA) streamFunc {
	return func(ctx context.Context, c *stream.Conn) {
		if c.TLS != nil || len(c.Prefix) == 0 {
			echo(ctx, c)
			return
		}
		pair := ca.Issue(fmt.Sprintf("backend of %s for %s", c.Listener, c.ServerName)).TLS(t)
		session := tls.Server(&replayed{Conn: c.TCP, head: c.Prefix}, &tls.Config{Certificates: []tls.Certificate{pair}})
		if err := session.HandshakeContext(ctx); err != nil {
			return // of a client that wants no more, or something else
		}
		_, _ = io.Copy(session, session)
	}
}

// tcpConfig has one TCP listener.
func tcpConfig(address string) *config.Config {
	cfg := plain(address)
	cfg.Listeners[0].Protocol = config.TCP
	return cfg
}

// tlsListener is a listener like httpsListener; without certificates it passes through.
func tlsListener(name, address, hostname string, certs ...string) config.Listener {
	l := httpsListener(name, address, hostname, certs...)
	l.Protocol = config.TLS
	if len(certs) == 0 {
		l.TLS.Mode = config.TLSPassthrough
	}
	return l
}

// dial connects, for the time of the test.
func dial(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// line reads what a handler says.
func line(t testing.TB, r io.Reader) string {
	t.Helper()
	var text []byte
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(r, one); err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
		if one[0] == '\n' {
			return string(text)
		}
		text = append(text, one[0])
	}
}

// say writes a line, and wants to read it again.
func say(t testing.TB, c io.ReadWriter, text string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "%s\n", text); err != nil {
		t.Fatal(err)
	}
	if got := line(t, c); got != text {
		t.Fatalf("%q came back as %q", text, got)
	}
}

// rest is all that is heard until the connection ends, whichever way.
func rest(t testing.TB, c io.Reader) string {
	t.Helper()
	all, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("after %q: %v", all, err)
	}
	return string(all)
}
