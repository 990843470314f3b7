// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 15 * time.Second

// fixture is a Server at a loopback address.
type fixture struct {
	*Server
	address string
	client  *tls.Config
	logs    *observer.ObservedLogs
}

func newFixture(t *testing.T, h http.HandlerFunc) *fixture {
	t.Helper()
	ca := certtest.NewCA(t, "ca")
	core, logs := observer.New(zap.DebugLevel)
	f := &fixture{address: loopback.FreeAddress(t), client: &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example", NextProtos: []string{http3.NextProtoH3}}, logs: logs}
	f.Server = New(Options{
		Bind: f.address, Handler: h, Logger: zap.New(core),
		TLS: &tls.Config{Certificates: []tls.Certificate{ca.Issue("server", "a.example").TLS(t)}},
	})
	f.retry = 5 * time.Millisecond
	t.Cleanup(f.Close)
	return f
}

// spec lets everybody in by a rule, with settings that no test meets.
func spec(rule any) Spec {
	return Spec{
		Settings: Settings{MaxHeaderBytes: 4096, MaxStreams: 10, IdleTimeout: time.Minute},
		Rule:     rule, GoesOn: func(other any) bool { return other == rule },
	}
}

// newClient returns a client with one connection of its own.
func (f *fixture) newClient(t *testing.T) *client {
	t.Helper()
	conn := f.dial(t)
	transport := &http3.Transport{}
	return &client{conn: conn, http: transport.NewClientConn(conn)}
}

// dial returns a connection on which nobody speaks HTTP/3.
func (f *fixture) dial(t *testing.T) *quic.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := quic.DialAddr(ctx, f.address, f.client, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseWithError(0, "") })
	return conn
}

type client struct {
	conn *quic.Conn
	http *http3.ClientConn
}

// get returns the status and the body.
func (c *client) get(t *testing.T, path string) (int, string, error) {
	return c.do(t, http.MethodGet, path, nil)
}

func (c *client) do(t *testing.T, method, path string, body io.Reader) (int, string, error) {
	r, err := http.NewRequestWithContext(t.Context(), method, "https://a.example"+path, body)
	if err != nil {
		return 0, "", err
	}
	resp, err := c.http.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

// refused says whether no connection can be made.
func (f *fixture) refused(t *testing.T) bool {
	t.Helper()
	conn, err := quic.DialAddr(t.Context(), f.address, f.client, &quic.Config{HandshakeIdleTimeout: 200 * time.Millisecond})
	if err == nil {
		_ = conn.CloseWithError(0, "")
	}
	return err != nil
}

func await(t *testing.T, what string, try func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(patience); !try(); <-tick.C {
		if time.Now().After(limit) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

func wantHello(t *testing.T, c *client) {
	t.Helper()
	if status, body, err := c.get(t, "/"); status != http.StatusOK || body != "hello" || err != nil {
		t.Errorf("%d %q, %v", status, body, err)
	}
}

// closedWell says whether the server has closed a connection without an error.
func closedWell(c *quic.Conn) bool {
	var e *quic.ApplicationError
	return errors.As(context.Cause(c.Context()), &e) && e.ErrorCode == quic.ApplicationErrorCode(http3.ErrCodeNoError)
}
