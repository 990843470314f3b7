// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine answers every request with the version of its table and the
// endpoints of its first backend, and upgrades those that ask for it.
type fakeEngine struct {
	refuse error // by Compile and SetEndpoints

	table    atomic.Pointer[config.Config]
	set      atomic.Pointer[[]config.BackendEndpoints]
	draining atomic.Bool
	closed   atomic.Bool
	// held gets, for each request with X-Hold, what releases it.
	held chan func()

	mu      sync.Mutex
	streams map[net.Conn]struct{}
}

func (e *fakeEngine) Compile(cfg *config.Config) (func(), error) {
	if e.refuse != nil {
		return nil, e.refuse
	}
	return func() { e.table.Store(cfg) }, nil
}

func (e *fakeEngine) SetEndpoints(b []config.BackendEndpoints) error {
	if e.refuse != nil {
		return e.refuse
	}
	e.set.Store(&b)
	return nil
}

func (e *fakeEngine) Handler(string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		if r.Header.Get("Upgrade") != "" {
			e.upgrade(w)
			return
		}
		if r.Header.Get("X-Hold") != "" {
			hold := make(chan struct{})
			e.held <- func() { close(hold) }
			<-hold
		}
		fmt.Fprint(w, e.table.Load().Version)
	})
}

func (e *fakeEngine) upgrade(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	e.mu.Lock()
	if e.streams == nil {
		e.streams = map[net.Conn]struct{}{}
	}
	e.streams[c] = struct{}{}
	e.mu.Unlock()
	fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	buf := make([]byte, 100)
	for {
		n, err := c.Read(buf)
		if err != nil {
			break
		}
		if _, err := c.Write(buf[:n]); err != nil {
			break
		}
	}
	c.Close()
	e.mu.Lock()
	delete(e.streams, c)
	e.mu.Unlock()
}

// ServeStream sends the version of the table and then what it hears, until ctx ends.
func (e *fakeEngine) ServeStream(ctx context.Context, c *stream.Conn) {
	defer context.AfterFunc(ctx, func() { c.TCP.Close() })()
	fmt.Fprint(c.TCP, e.table.Load().Version)
	_, _ = io.Copy(c.TCP, c.TCP)
}

// Backend finds none: datagrams are dropped.
func (e *fakeEngine) Backend(string) *upstream.Backend { return nil }

func (e *fakeEngine) SetDraining(d bool) { e.draining.Store(d) }

func (e *fakeEngine) CloseStreams(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		e.mu.Lock()
		left := len(e.streams)
		if ctx.Err() != nil {
			for c := range e.streams {
				c.Close()
			}
		}
		e.mu.Unlock()
		if left == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

func (e *fakeEngine) Close() { e.closed.Store(true) }

func newRuntime(t testing.TB, e *fakeEngine, change func(*Options)) *Runtime {
	t.Helper()
	opts := Options{Engine: e, Program: "v1.2.3", Logger: zaptest.NewLogger(t), CloseTimeout: 5 * time.Second}
	if change != nil {
		change(&opts)
	}
	r := New(opts)
	t.Cleanup(r.Close)
	return r
}

// listening is a valid configuration with one HTTP listener for each address.
func listening(version string, addresses ...string) *config.Config {
	cfg := &config.Config{
		Version:  version,
		Gateways: []config.Gateway{{ID: "test/gw"}},
		Backends: []config.Backend{{ID: "Service/test/a/80"}},
	}
	for i, address := range addresses {
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: fmt.Sprintf("test/gw/l%d", i), Gateway: "test/gw", Protocol: config.HTTP, Port: 80, Address: address,
		})
	}
	return cfg
}

func newClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
