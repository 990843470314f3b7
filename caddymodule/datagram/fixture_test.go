// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 15 * time.Second

const (
	gatewayID  = "test/gw"
	listenerID = "test/gw/udp"
	routeID    = "UDPRoute/test/dns"
)

// gateway is a Set with the backends that it forwards to.
type gateway struct {
	t        testing.TB
	set      *Set
	registry *upstream.Registry
	metrics  *metrics.Metrics
	log      lockedBuffer
}

func newGateway(t testing.TB, change ...func(*Options)) *gateway {
	t.Helper()
	g := &gateway{t: t, registry: upstream.NewRegistry(), metrics: metrics.New()}
	opts := Options{Backends: g.registry, BindHost: "127.0.0.1", AccessLog: &g.log, Metrics: g.metrics, Logger: zap.NewNop()}
	for _, f := range change {
		f(&opts)
	}
	g.set = New(opts)
	t.Cleanup(func() {
		g.set.Close()
		g.registry.Close()
	})
	return g
}

// apply serves cfg as the runtime does.
func (g *gateway) apply(cfg *config.Config) error {
	g.t.Helper()
	if err := cfg.Validate(); err != nil {
		g.t.Fatal(err)
	}
	change, err := g.set.Prepare(cfg)
	if err != nil {
		return err
	}
	backends := map[upstream.Key]*upstream.Backend{}
	for _, b := range cfg.Backends {
		spec := &upstream.Spec{ID: b.ID}
		made, err := g.registry.Get(spec, nil)
		if err != nil {
			g.t.Fatal(err)
		}
		made.SetEndpoints(b.Endpoints)
		backends[spec.Key()] = made
	}
	g.registry.Use(backends)
	change.Commit()
	return nil
}

func (g *gateway) mustApply(cfg *config.Config) {
	g.t.Helper()
	if err := g.apply(cfg); err != nil {
		g.t.Fatal(err)
	}
}

// setEndpoints changes nothing else, as the runtime does.
func (g *gateway) setEndpoints(backend string, addresses ...string) {
	g.t.Helper()
	update := []config.BackendEndpoints{{ID: backend, Endpoints: endpoints(addresses...)}}
	if err := g.registry.SetEndpoints(update); err != nil {
		g.t.Fatal(err)
	}
	g.set.EndpointsChanged()
}

// metric is the value of a series, given by its labels in their order.
func (g *gateway) metric(name string, labels ...string) float64 {
	g.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(g.metrics)
	families, err := registry.Gather()
	if err != nil {
		g.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "kubera_proxy_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if has(m, labels) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// has looks for labels by their values.
func has(m *dto.Metric, values []string) bool {
	for _, v := range values {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == v }) {
			return false
		}
	}
	return true
}

func (g *gateway) dropped(reason string) int {
	return int(g.metric("udp_datagrams_dropped_total", listenerID, reason))
}

func (g *gateway) ended(reason string) int {
	return int(g.metric("udp_sessions_ended_total", listenerID, reason))
}

func (g *gateway) sessions() int { return int(g.metric("udp_sessions", listenerID)) }

// address that clients write to.
func (g *gateway) address() string { return g.set.Addr(listenAddress(g.t)).String() }

// addresses to listen on, by test.
var addresses sync.Map

// listenAddress returns the same address for a test each time.
func listenAddress(t testing.TB) string {
	t.Helper()
	if a, ok := addresses.Load(t.Name()); ok {
		return a.(string)
	}
	a := freeAddress(t, "127.0.0.1")
	addresses.Store(t.Name(), a)
	return a
}

// freeAddress is one that nobody listens on.
func freeAddress(t testing.TB, host string) string {
	t.Helper()
	c, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

func endpoints(addresses ...string) (list []config.Endpoint) {
	for _, a := range addresses {
		list = append(list, config.Endpoint{Address: a})
	}
	return list
}

// backendID is the ID of a backend by its name.
func backendID(name string) string { return "Service/test/" + name + "/53/UDP" }

// site forwards to backends, by the weights in their order; a name without endpoints in
// backends is one that can't be resolved if it is empty.
func site(t testing.TB, backends map[string][]string, shares ...config.WeightedBackend) *config.Config {
	t.Helper()
	cfg := &config.Config{
		Gateways:  []config.Gateway{{ID: gatewayID, Limits: &config.Limits{}}},
		Listeners: []config.Listener{{ID: listenerID, Gateway: gatewayID, Protocol: config.UDP, Port: 53, Address: listenAddress(t)}},
		Routes: []config.Route{{
			ID: routeID, Protocol: config.RouteUDP, Created: 100,
			Attachments: []config.Attachment{{Listener: listenerID}}, Rules: []config.Rule{{Backends: shares}},
		}},
	}
	for _, name := range slices.Sorted(maps.Keys(backends)) {
		cfg.Backends = append(cfg.Backends, config.Backend{ID: backendID(name), Endpoints: endpoints(backends[name]...)})
	}
	return cfg
}

func weighted(name string, weight int32) config.WeightedBackend {
	if name == "" {
		return config.WeightedBackend{Weight: weight}
	}
	return config.WeightedBackend{Backend: backendID(name), Weight: weight}
}

// single forwards everything to the endpoints of one backend.
func single(t testing.TB, endpoints ...string) *config.Config {
	t.Helper()
	return site(t, map[string][]string{"app": endpoints}, weighted("app", 1))
}

// echo is an endpoint that sends back what it gets, behind its own address and a space.
type echo struct {
	conn *net.UDPConn
	done chan struct{}
}

func newEcho(t testing.TB) *echo { return newEchoAt(t, "127.0.0.1:0") }

func newEchoAt(t testing.TB, address string) *echo {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{conn: pc.(*net.UDPConn), done: make(chan struct{})}
	go e.serve()
	t.Cleanup(e.close)
	return e
}

func (e *echo) address() string { return e.conn.LocalAddr().String() }

func (e *echo) serve() {
	defer close(e.done)
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n <= 1000 { // longer ones fill a datagram already
			e.conn.WriteToUDPAddrPort(append([]byte(e.address()+" "), buf[:n]...), from)
		} else {
			e.conn.WriteToUDPAddrPort(buf[:n], from)
		}
	}
}

// close returns when the port is free.
func (e *echo) close() {
	e.conn.Close()
	<-e.done
}

// client is a socket that writes to one address.
type client struct {
	*net.UDPConn
	t testing.TB
}

func newClient(t testing.TB, address string) *client {
	t.Helper()
	c, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{c.(*net.UDPConn), t}
}

func (c *client) send(payload string) {
	c.t.Helper()
	if _, err := c.Write([]byte(payload)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) read() string {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	buf := make([]byte, maxDatagram)
	n, err := c.Read(buf)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(buf[:n])
}

// ask returns who answers.
func (c *client) ask() (endpoint string) {
	c.t.Helper()
	c.send("hello")
	endpoint, payload, _ := strings.Cut(c.read(), " ")
	if payload != "hello" {
		c.t.Fatalf("got %q", payload)
	}
	return endpoint
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) Sync() error { return nil }

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func payload(size int) string { return strings.Repeat(fmt.Sprintf("%016d", size), size/16+1)[:size] }
