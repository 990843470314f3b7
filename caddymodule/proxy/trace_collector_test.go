// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/loopback"
	"github.com/kubera-dev/kubera/test/otlptest"
)

// A collector that is not there, or never answers, neither slows a request nor fails
// one. What is lost is counted, and said once.
func TestCollectorDown(t *testing.T) {
	silent := rawBackend(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	for name, tc := range map[string]struct {
		tracing config.Tracing
		full    bool // the queue is, while the collector is waited for
	}{
		"refused by HTTP": {config.Tracing{Endpoint: "http://" + loopback.FreeAddress(t)}, false},
		"refused by gRPC": {config.Tracing{Endpoint: "http://" + loopback.FreeAddress(t), Protocol: config.TracingGRPC}, true},
		"silent by HTTP":  {config.Tracing{Endpoint: "http://" + silent}, true},
		"silent by gRPC":  {config.Tracing{Endpoint: "http://" + silent, Protocol: config.TracingGRPC}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracing := tc.tracing
			app := serveFunc(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
			cfg := oneBackend(app, config.BackendHTTP)
			tracing.Sampling = all
			cfg.Gateways[0].Tracing = &tracing
			logged, logs := observer.New(zap.InfoLevel)
			numbers := metrics.New()
			gw := newGatewayWith(t, cfg, Options{Metrics: numbers, Logger: zap.New(logged)})
			// The queue has room for 2048, and 512 are being sent, of two spans a request.
			const requests = 1500
			client := newBenchClient(t, gw.Address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			client.end = "hello"
			for range requests {
				client.do(t)
			}
			begin := time.Now()
			gw.engine.Close()
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("closing took %v", took)
			}
			registry := prometheus.NewPedanticRegistry()
			registry.MustRegister(numbers)
			series := gather(t, registry)
			of := " endpoint=" + tracing.Endpoint
			full, refused := series["kubera_proxy_spans_dropped_total"+of+" reason=queue_full"], series["kubera_proxy_spans_dropped_total"+of+" reason=refused"]
			if tc.full && full == 0 || full+refused != 2*requests || series["kubera_proxy_spans_exported_total"+of] != 0 {
				t.Errorf("%v found no room, %v were refused, want %d together", full, refused, 2*requests)
			}
			if n := logs.Len(); n != 1 {
				t.Errorf("%d lines were logged: %v", n, logs.All())
			}
		})
	}
}

// TestCollectorChanges moves the spans to another collector, and turns tracing off and on.
func TestCollectorChanges(t *testing.T) {
	first, second := otlptest.New(t), otlptest.New(t)
	enter, leave := make(chan struct{}), make(chan struct{})
	app := serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(enter)
			<-leave
		}
	})
	numbers, registry := metrics.New(), prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	gw := newGatewayWith(t, traced(oneBackend(app, config.BackendHTTP), first), Options{Metrics: numbers})
	slow := make(chan error, 1)
	go func() {
		resp, err := newClient(t).Get(gw.URL + "/slow")
		if err == nil {
			resp.Body.Close()
		}
		slow <- err
	}()
	<-enter
	gw.apply(t, traced(oneBackend(app, config.BackendHTTP), second))
	get(t, newClient(t), gw.URL+"/moved")
	if path := second.Await(t, 2)[0].Attributes["url.path"]; path != "/moved" {
		t.Errorf("the span of %v has come", path)
	}
	close(leave)
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	if path := first.Await(t, 2)[0].Attributes["url.path"]; path != "/slow" {
		t.Errorf("the span of %v has come", path)
	}
	awaitSeries(t, registry, "kubera_proxy_spans_exported_total endpoint="+first.HTTP, 2)
	gw.apply(t, oneBackend(app, config.BackendHTTP))
	get(t, newClient(t), gw.URL+"/off")
	gw.apply(t, traced(oneBackend(app, config.BackendHTTP), second))
	get(t, newClient(t), gw.URL+"/on")
	if path := second.Await(t, 4)[2].Attributes["url.path"]; path != "/on" {
		t.Errorf("the span of %v has come", path)
	}
}

// A change of something else leaves the queue, and what it has counted, alone.
func TestCollectorStays(t *testing.T) {
	collector, numbers := otlptest.New(t), metrics.New()
	app := serveFunc(t, func(http.ResponseWriter, *http.Request) {})
	gw := newGatewayWith(t, traced(oneBackend(app, config.BackendHTTP), collector), Options{Metrics: numbers})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	for i := range 3 {
		get(t, newClient(t), gw.URL)
		spans := collector.Await(t, 2*(i+1))
		if name := spans[2*i].Resource["service.name"]; i > 0 && name != "edge" {
			t.Errorf("the service is %v", name)
		}
		awaitSeries(t, registry, "kubera_proxy_spans_exported_total endpoint="+collector.HTTP, float64(2*(i+1)))
		cfg := traced(oneBackend(app, config.BackendHTTP), collector)
		cfg.Gateways[0].Tracing.ServiceName = "edge"
		gw.apply(t, cfg)
	}
}
