// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/control"
	"github.com/kubera-dev/kubera/caddymodule/engine"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
	"github.com/kubera-dev/kubera/caddymodule/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = time.Minute

// gateway is a proxy in this process: what is pushed to control is served.
type gateway struct {
	address string // host:port of the first listener
	control *httptest.Server
	status  *httptest.Server
	runtime *runtime.Runtime
	metrics *metrics.Metrics
}

// newGateway serves cfg until the test ends.
func newGateway(t *testing.T, cfg *config.Config) *gateway {
	t.Helper()
	m := metrics.New()
	rt := runtime.New(runtime.Options{
		Engine: engine.New(engine.Options{Metrics: m}), BindHost: "127.0.0.1", CloseTimeout: time.Second, Logger: zap.NewNop(),
	})
	t.Cleanup(rt.Close)
	if err := rt.Apply(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	g := &gateway{address: cfg.Listeners[0].Address, runtime: rt, metrics: m}
	g.control = httptest.NewServer(control.Handler(rt))
	t.Cleanup(g.control.Close)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	g.status = httptest.NewServer(status.Handler(status.Options{Ready: rt.Ready, Metrics: registry, Logger: zap.NewNop()}))
	t.Cleanup(g.status.Close)
	return g
}

// push sends a configuration, delta or update, and returns the status and the body.
func (g *gateway) push(t *testing.T, method, path string, v any) (int, string) {
	t.Helper()
	raw, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, g.control.URL+path, bytes.NewReader([]byte(raw)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.control.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// mustPush is push of what must be taken.
func (g *gateway) mustPush(t *testing.T, method, path string, v any) {
	t.Helper()
	if code, body := g.push(t, method, path, v); code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, path, code, body)
	}
}

// client is a connection to the proxy that sends what it is told.
type client struct {
	net.Conn
	*bufio.Reader
	t *testing.T
}

func (c client) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func dial(t *testing.T, address string) client {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return client{nc, bufio.NewReader(nc), t}
}

// send writes text. Not being taken is no error: a proxy may have refused already.
func (c client) send(text string) { _, _ = io.WriteString(c.Conn, text) }

// answer is a response that was read to its end, or to where it was cut.
type answer struct {
	*http.Response
	body string
	cut  error
}

// next reads a response; method is that of the request.
func (c client) next(method string) (answer, error) {
	resp, err := http.ReadResponse(c.Reader, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}, nil
}

// mustNext is next of a complete response.
func (c client) mustNext(method string) answer {
	c.t.Helper()
	a, err := c.next(method)
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	if a.cut != nil {
		c.t.Fatalf("cut response: %v", a.cut)
	}
	return a
}

// answers reads responses until the connection is closed.
func (c client) answers() (list []answer) {
	c.t.Helper()
	for {
		a, err := c.next(http.MethodGet)
		if err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				c.t.Error("the proxy keeps the connection")
			}
			return list
		}
		list = append(list, a)
	}
}

// await tries until it succeeds.
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
