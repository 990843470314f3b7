// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/loopback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scriptConn is a connection to an endpoint that says what it says, whatever it
// is asked.
type scriptConn struct {
	io.Reader
	wrote strings.Builder
}

func (c *scriptConn) Write(p []byte) (int, error)      { return c.wrote.Write(p) }
func (c *scriptConn) Close() error                     { return nil }
func (c *scriptConn) LocalAddr() net.Addr              { return nil }
func (c *scriptConn) RemoteAddr() net.Addr             { return nil }
func (c *scriptConn) SetDeadline(time.Time) error      { return nil }
func (c *scriptConn) SetReadDeadline(time.Time) error  { return nil }
func (c *scriptConn) SetWriteDeadline(time.Time) error { return nil }

// result is a response that was read to its end.
type result struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
	// kept is whether the connection can be used again.
	kept bool
}

// script sends a request with the method to an endpoint that answers with the
// bytes that r gives.
func script(t testing.TB, method string, r io.Reader) (result, error) {
	t.Helper()
	e := &Endpoint{address: "script"}
	e.inflight.Add(1)
	c := newConn(e, &scriptConn{Reader: r})
	resp, err := c.roundTrip(newRequest(t.Context(), method))
	if err != nil {
		return result{}, err
	}
	got := result{status: resp.Status, header: resp.Header}
	got.body, err = readBody(resp)
	got.trailer = resp.Trailer()
	resp.Close()
	got.kept = len(e.idle) == 1
	return got, err
}

func newRequest(ctx context.Context, method string) *Request {
	return &Request{
		Context: ctx, Method: method, Target: "/", Host: "app.example.com",
		Header: http.Header{}, ResponseHeader: http.Header{},
	}
}

func readBody(resp *Response) (string, error) {
	var body strings.Builder
	for {
		piece, err := resp.Next()
		body.Write(piece)
		if err == io.EOF {
			return body.String(), nil
		}
		if err != nil {
			return body.String(), err
		}
	}
}

// newBackend returns a backend with these endpoints, retired at the end.
func newBackend(t testing.TB, protocol config.BackendProtocol, addresses ...string) *Backend {
	t.Helper()
	return newBackendOf(t, Spec{ID: "app", Protocol: protocol}, addresses...)
}

// newBackendOf is newBackend for all that a Spec can say.
func newBackendOf(t testing.TB, spec Spec, addresses ...string) *Backend {
	t.Helper()
	b, err := newRegistry(t).Get(&spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.SetEndpoints(endpoints(addresses...))
	t.Cleanup(b.retire)
	return b
}

// newCounted returns a backend as newBackend does, and the numbers about it.
func newCounted(t testing.TB, protocol config.BackendProtocol, addresses ...string) (*metrics.Metrics, *Backend) {
	t.Helper()
	all := metrics.New()
	set := all.NewSet()
	b, err := newRegistry(t).Get(&Spec{ID: "app", Protocol: protocol}, set.Backend("app"))
	if err != nil {
		t.Fatal(err)
	}
	all.Use(set)
	b.SetEndpoints(endpoints(addresses...))
	t.Cleanup(b.retire)
	return all, b
}

// tries are how often each outcome was counted.
func tries(t testing.TB, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "kubera_proxy_upstream_requests_total" {
			continue
		}
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				if label.GetName() == "outcome" {
					counts[label.GetValue()] = series.GetCounter().GetValue()
				}
			}
		}
	}
	return counts
}

// newRegistry returns a registry that is closed when the test ends.
func newRegistry(t testing.TB) *Registry {
	t.Helper()
	r := NewRegistry()
	t.Cleanup(r.Close)
	return r
}

func endpoints(addresses ...string) (list []config.Endpoint) {
	for _, a := range addresses {
		list = append(list, config.Endpoint{Address: a})
	}
	return list
}

// listen gives each accepted connection to serve, on a goroutine of its own, and
// returns the address.
func listen(t testing.TB, serve func(n int, c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 1; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(n, c)
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// closedPort is an address at which nobody listens.
func closedPort(t testing.TB) string { return loopback.FreeAddress(t) }

// wantKind checks the kind of an error of this package.
func wantKind(t testing.TB, err error, want Kind) {
	t.Helper()
	var own *Error
	if !errors.As(err, &own) {
		t.Fatalf("error %v is no *Error, want %v", err, want)
	}
	if own.Kind != want {
		t.Fatalf("error %v, want %v", err, want)
	}
}
