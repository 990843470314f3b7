// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// lines is an access log in memory.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) Sync() error { return nil }

// next returns the only line, and forgets it.
func (l *lines) next(t testing.TB) map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var got map[string]any
	if err := json.Unmarshal([]byte(l.text.String()), &got); err != nil {
		t.Fatalf("%q: %v", l.text.String(), err)
	}
	l.text.Reset()
	return got
}

// Each connection has one line at its end, and one outcome.
func TestReport(t *testing.T) {
	app := named(t, "a")
	down := closedPort(t)
	cfg := with(with(with(base(), tcpID, app), tlsID, ""), passID, down)
	cfg.Routes[2].Attachments[0].Hostnames = []string{"down.test"}
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	log := &lines{}
	f := newFixture(t, cfg, log)
	end := func(c client, how func()) {
		t.Helper()
		expect(t, c, "a\n")
		io.WriteString(c, "hello")
		expect(t, c, "hello")
		how()
		<-c.served
	}
	for _, tc := range []struct {
		outcome         string
		run             func() client
		listener, proto string
		want            map[string]any
	}{
		{"completed", func() client {
			c := f.serve(t, tcpID)
			end(c, func() { c.CloseWrite() })
			return c
		}, tcpID, "TCP", map[string]any{"route": "Route/" + tcpID, "backend": app, "endpoint": app, "bytes_received": 5.0, "bytes_sent": 7.0}},
		{"reset", func() client {
			c := f.serve(t, tcpID)
			end(c, func() {
				c.SetLinger(0)
				c.Close()
			})
			return c
		}, tcpID, "TCP", map[string]any{"route": "Route/" + tcpID, "backend": app, "endpoint": app, "bytes_received": 5.0, "bytes_sent": 7.0}},
		{"cut", func() client {
			c := f.serve(t, tcpID)
			end(c, c.cancel)
			return c
		}, tcpID, "TCP", map[string]any{"route": "Route/" + tcpID, "backend": app, "endpoint": app, "bytes_received": 5.0, "bytes_sent": 7.0}},
		{"refused", func() client { return f.serve(t, tlsID, sni("x.term.test")) }, tlsID, "TLS", map[string]any{
			"route": "Route/" + tlsID, "server_name": "x.term.test", "bytes_received": 0.0, "bytes_sent": 0.0,
		}},
		{"refused", func() client { return f.serve(t, passID, sni("down.test")) }, passID, "TLS", map[string]any{
			"route": "Route/" + passID, "backend": down, "endpoint": down, "server_name": "down.test", "bytes_received": 0.0, "bytes_sent": 0.0,
		}},
		{"no_route", func() client { return f.serve(t, passID, sni("other.test")) }, passID, "TLS", map[string]any{
			"server_name": "other.test", "bytes_received": 0.0, "bytes_sent": 0.0,
		}},
	} {
		t.Run(tc.outcome, func(t *testing.T) {
			c := tc.run()
			<-c.served
			got := log.next(t)
			port := c.LocalAddr().(*net.TCPAddr).Port
			maps.Copy(tc.want, map[string]any{
				"logger": "access", "proto": tc.proto, "gateway": gatewayID, "listener": tc.listener,
				"client": "127.0.0.1", "client_port": float64(port), "end": tc.outcome,
			})
			if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(got["time"])); err != nil {
				t.Error(err)
			}
			if got["duration"].(float64) <= 0 || (got["error"] == nil) != (tc.outcome == "completed") {
				t.Errorf("duration %v, error %v", got["duration"], got["error"])
			}
			for _, key := range []string{"time", "duration", "error"} {
				delete(got, key)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	f.expectMetrics(t, "kubera_proxy_tcp_connections_ended_total", "counter", map[string]int{
		series(tcpID, "completed", "Route/"+tcpID): 1, series(tcpID, "reset", "Route/"+tcpID): 1, series(tcpID, "cut", "Route/"+tcpID): 1,
		series(tlsID, "refused", "Route/"+tlsID): 1, series(passID, "refused", "Route/"+passID): 1, series(passID, "no_route", ""): 1,
	})
}

func series(listener, outcome, route string) string {
	return fmt.Sprintf(`{gateway="test/web",listener=%q,outcome=%q,route=%q}`, listener, outcome, route)
}

// expectMetrics checks the series of a metric that are not 0.
func (f *fixture) expectMetrics(t testing.TB, name, kind string, want map[string]int) {
	t.Helper()
	text, err := testutil.CollectAndFormat(f.metrics, expfmt.TypeTextPlain, name)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for line := range strings.Lines(string(text)) {
		labels, found := strings.CutPrefix(strings.TrimSpace(line), name+"{")
		var n int
		if at := strings.LastIndexByte(labels, ' '); found && at > 0 {
			if _, err := fmt.Sscan(labels[at:], &n); err == nil && n != 0 {
				got["{"+labels[:at]] = n
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %s:\n%s", kind, name, diff)
	}
}

// An idle connection is ended by the Gateway's timeout.
func TestIdleTimeout(t *testing.T) {
	cfg := with(base(), tcpID, named(t, "a"))
	cfg.Gateways[0].Limits = &config.Limits{TCPIdleTimeout: config.Duration(100 * time.Millisecond)}
	f := newFixture(t, cfg)
	c := f.serve(t, tcpID)
	expect(t, c, "a\n")
	expectEnd(t, c, reset)
	<-c.served
	f.expectMetrics(t, "kubera_proxy_tcp_connections_ended_total", "counter", map[string]int{series(tcpID, "timeout", "Route/"+tcpID): 1})
}

// What is under way shows.
func TestActiveConnections(t *testing.T) {
	app := named(t, "a")
	f := newFixture(t, with(base(), tcpID, app))
	for range 3 {
		c := f.serve(t, tcpID)
		expect(t, c, "a\n")
		io.WriteString(c, "12345")
		expect(t, c, "12345")
	}
	labels := `{gateway="test/web",listener="test/web/tcp",route="Route/test/web/tcp"}`
	f.expectMetrics(t, "kubera_proxy_tcp_connections", "gauge", map[string]int{labels: 3})
	f.expectMetrics(t, "kubera_proxy_tcp_connections_opened_total", "counter", map[string]int{labels: 3})
	f.expectMetrics(t, "kubera_proxy_upstream_connections", "gauge", map[string]int{`{backend="` + app + `"}`: 3})
}
