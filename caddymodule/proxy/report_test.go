// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// logLines gives on what is written, line by line.
type logLines struct{ lines chan map[string]any }

func (l *logLines) Write(p []byte) (int, error) {
	var line map[string]any
	if err := json.Unmarshal(p, &line); err != nil {
		return 0, err
	}
	l.lines <- line
	return len(p), nil
}

func (l *logLines) Sync() error { return nil }

// newReporting is a gateway whose access log lines and numbers are looked at.
func newReporting(t *testing.T, cfg *config.Config) (*gatewayFixture, chan map[string]any, *metrics.Metrics) {
	t.Helper()
	cfg.Gateways[0].AccessLog = &config.AccessLog{}
	lines, numbers := &logLines{lines: make(chan map[string]any, 10)}, metrics.New()
	gw := newGatewayWith(t, cfg, Options{AccessLog: lines, Metrics: numbers})
	return gw, lines.lines, numbers
}

func TestAccessLog(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "hello")
		case "/hang":
			io.WriteString(w, "hello")
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			io.WriteString(w, "hello")
		}
	})
	cfg := oneBackend(app, config.BackendHTTP)
	cfg.Routes[0].Rules[0].Name = "main"
	cfg.Routes[0].Rules[0].Filters = []config.Filter{{RequestHeaders: &config.HeaderModifier{Remove: []string{"User-Agent"}}}}
	gw, lines, _ := newReporting(t, cfg)

	r := newRequest(t, http.MethodGet, gw.URL+"/a%20b?c", nil)
	r.Host = "app.example.com"
	r.Header.Set("User-Agent", "test/1")
	do(t, newClient(t), r)
	line := <-lines
	for name, want := range map[string]any{
		"status": 200.0, "bytes": 5.0, "method": "GET", "host": "app.example.com", "user_agent": "test/1",
		"listener": "test/web/http", "route": "HTTPRoute/test/web", "rule": "main", "backend": "app", "endpoint": app,
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}

	resp, err := newClient(t).Do(newRequest(t, http.MethodGet, gw.URL+"/cut", nil))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(resp.Body)
	resp.Body.Close()
	if line := <-lines; line["status"] != 200.0 || !strings.Contains(line["error"].(string), "bad response") {
		t.Errorf("cut by the backend: %v", line)
	}

	c := connect(t, gw.Address)
	send(t, c, "GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
	readUntil(t, c, "hello")
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	if line := <-lines; line["status"] != 499.0 {
		t.Errorf("left by the client: %v", line)
	}
}

// Of requests that are not logged nothing is, but for those that fail.
func TestAccessLogSampling(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	cfg := oneBackend(app, config.BackendHTTP)
	lines := &logLines{lines: make(chan map[string]any, 10)}
	cfg.Gateways[0].AccessLog = &config.AccessLog{Sampling: &config.Fraction{Numerator: 0, Denominator: 100}}
	gw := newGatewayWith(t, cfg, Options{AccessLog: lines})
	for _, path := range []string{"/", "/fail", "/", "/fail?again"} {
		get(t, newClient(t), gw.URL+path)
	}
	for _, target := range []string{"/fail", "/fail?again"} {
		if line := <-lines.lines; line["target"] != target || line["rule"] != "rules[0]" {
			t.Errorf("%v, want %s of rules[0]", line, target)
		}
	}
}

func TestMetrics(t *testing.T) {
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	cfg := oneBackend(app, config.BackendHTTP)
	cfg.Listeners[0].Hostname = "a.example"
	cfg.Routes[0].Rules[0].Matches = []config.Match{{Path: &config.PathMatch{Type: config.Prefix, Value: "/app"}}}
	gw, lines, numbers := newReporting(t, cfg)
	client := newClient(t)
	for _, target := range []string{"a.example/app", "a.example/app", "a.example/other", "b.example/"} {
		host, path, _ := strings.Cut(target, "/")
		r := newRequest(t, http.MethodGet, gw.URL+"/"+path, nil)
		r.Host = host
		do(t, client, r)
		if host == "a.example" {
			<-lines
		}
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	for series, want := range map[string]float64{
		"kubera_proxy_requests_total code=2xx gateway=test/web listener=test/web/http route=HTTPRoute/test/web": 2,
		"kubera_proxy_requests_total code=4xx gateway=test/web listener=test/web/http route=":                   1,
		"kubera_proxy_requests_total code=4xx gateway=test/web listener= route=":                                1,
		"kubera_proxy_requests_in_flight gateway=test/web":                                                      0,
		"kubera_proxy_upstream_requests_total backend=app outcome=ok":                                           2,
		"kubera_proxy_upstream_requests_total backend=app outcome=error":                                        0,
		"kubera_proxy_upstream_connections backend=app":                                                         1,
		"kubera_proxy_upstream_endpoints_ready backend=app":                                                     1,
	} {
		awaitSeries(t, registry, series, want)
	}
}

// awaitSeries waits for a value: a request is counted after its answer is out.
func awaitSeries(t *testing.T, g prometheus.Gatherer, series string, want float64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		got, found := gather(t, g)[series]
		if found && got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s is %v (found: %v), want %v", series, got, found, want)
			return
		}
	}
}

func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			values[name] = value(m)
		}
	}
	return values
}

func value(m *dto.Metric) float64 { return m.GetCounter().GetValue() + m.GetGauge().GetValue() }
