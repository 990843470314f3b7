// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/proxy"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

const (
	gatewayID = "test/web"
	tcpID     = "test/web/tcp"
	tlsID     = "test/web/tls"  // terminates
	passID    = "test/web/pass" // passes through
)

// fixture is an engine with backends of its own.
type fixture struct {
	engine  *Engine
	proxy   *proxy.Engine
	metrics *metrics.Metrics
}

func newFixture(t testing.TB, cfg *config.Config, log ...zapcore.WriteSyncer) *fixture {
	t.Helper()
	m := metrics.New()
	f := &fixture{proxy: proxy.New(proxy.Options{Metrics: m}), metrics: m}
	t.Cleanup(f.proxy.Close)
	var options Options
	if len(log) > 0 {
		options.AccessLog = log[0]
	}
	f.engine = New(options)
	f.apply(t, cfg)
	return f
}

func (f *fixture) apply(t testing.TB, cfg *config.Config) {
	t.Helper()
	requests, err := f.proxy.Compile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	table, err := f.engine.Compile(cfg, requests)
	if err != nil {
		t.Fatal(err)
	}
	f.proxy.Swap(requests)
	f.engine.Swap(table)
}

// base has a listener of each kind, and no routes.
func base() *config.Config {
	return &config.Config{
		Gateways: []config.Gateway{{ID: gatewayID}},
		Listeners: []config.Listener{
			{ID: tcpID, Gateway: gatewayID, Protocol: config.TCP, Port: 5432},
			{ID: tlsID, Gateway: gatewayID, Protocol: config.TLS, Port: 443, Hostname: "*.term.test", TLS: &config.ListenerTLS{}},
			{ID: passID, Gateway: gatewayID, Protocol: config.TLS, Port: 443, TLS: &config.ListenerTLS{Mode: config.TLSPassthrough}},
		},
	}
}

// with adds a route to a listener, and a backend for each address, "" being a reference
// that can't be resolved.
func with(cfg *config.Config, listener string, addresses ...string) *config.Config {
	protocol := config.RouteTLS
	if listener == tcpID {
		protocol = config.RouteTCP
	}
	var shares []config.WeightedBackend
	for _, address := range addresses {
		shares = append(shares, config.WeightedBackend{Backend: address, Weight: 1})
		if address != "" {
			cfg.Backends = append(cfg.Backends, config.Backend{ID: address, Endpoints: []config.Endpoint{{Address: address}}})
		}
	}
	cfg.Routes = append(cfg.Routes, config.Route{
		ID: "Route/" + listener, Protocol: protocol,
		Attachments: []config.Attachment{{Listener: listener}},
		Rules:       []config.Rule{{Backends: shares}},
	})
	return cfg
}

// client is a connection that is being served.
type client struct {
	*net.TCPConn
	served chan struct{}
	cancel context.CancelFunc
}

// serve gives a connection to the engine, with what change says about it.
func (f *fixture) serve(t testing.TB, listener string, change ...func(*stream.Conn)) client {
	t.Helper()
	far, near := connect(t)
	c := &stream.Conn{
		TCP: near, Listener: listener, Accepted: time.Now(),
		Client: near.RemoteAddr().(*net.TCPAddr).AddrPort(), Local: near.LocalAddr().(*net.TCPAddr).AddrPort(),
	}
	for _, f := range change {
		f(c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		f.engine.ServeStream(ctx, c)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
	return client{far, served, cancel}
}

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

// endpoint serves each connection by a function, and returns its address.
func endpoint(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
	return ln.Addr().String()
}

// named says its name and then what it hears.
func named(t testing.TB, name string) string {
	return endpoint(t, func(c net.Conn) {
		io.WriteString(c, name+"\n")
		io.Copy(c, c)
	})
}

// closedPort is an address at which nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func expect(t testing.TB, c net.Conn, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if n, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
		t.Fatalf("read %q, %v; want %q", buf[:n], err, want)
	}
}

func expectEnd(t testing.TB, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("read %d bytes, %v; want %v", n, err, want)
	}
}

// How a connection ends that is not served.
var (
	closed = io.EOF
	reset  = syscall.ECONNRESET
)

func sni(name string) func(*stream.Conn) { return func(c *stream.Conn) { c.ServerName = name } }
