// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/otlptest"
)

var all = &config.Fraction{Numerator: 1, Denominator: 1}

// apply uses the tracing of Gateways, and returns their Tracers.
func apply(e *Exporters, gateways ...config.Gateway) []*Tracer {
	set, of := metrics.New().NewSet(), Destinations{}
	var tracers []*Tracer
	for i := range gateways {
		tracers = append(tracers, e.Tracer(&gateways[i], of, set))
	}
	e.Use(of)
	return tracers
}

// record records a request.
func record(tracer *Tracer, h http.Header) {
	var s Span
	r := &http.Request{Method: http.MethodGet, Header: h}
	tracer.Start(&s, r, time.Now())
	s.End(&Request{Entry: &accesslog.Entry{Time: time.Now(), Method: r.Method, Target: "/", Status: 200}})
}

// Gateways with the same collector share what sends to it, and say who they are.
func TestSharedDestination(t *testing.T) {
	collector := otlptest.New(t)
	e := NewExporters(zap.NewNop())
	tracers := apply(e,
		config.Gateway{ID: "default/a", Tracing: &config.Tracing{Endpoint: collector.HTTP, Sampling: all}},
		config.Gateway{ID: "default/b", Tracing: &config.Tracing{
			Endpoint: collector.HTTP, Sampling: all, ServiceName: "edge",
			Attributes: []config.Attribute{{Name: "deployment.environment.name", Value: "test"}, {Name: "service.namespace", Value: "other"}},
		}},
		config.Gateway{ID: "default/c"},
	)
	if len(e.using) != 1 {
		t.Errorf("there are %d queues", len(e.using))
	}
	for _, tracer := range tracers {
		record(tracer, nil)
	}
	e.Close()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	got := map[any]map[string]any{}
	for _, s := range collector.Await(t, 2) {
		delete(s.Resource, "telemetry.sdk.version")
		got[s.Resource["service.name"]] = s.Resource
	}
	common := func(more map[string]any) map[string]any {
		more["service.instance.id"], more["telemetry.sdk.name"], more["telemetry.sdk.language"] = host, "opentelemetry", "go"
		return more
	}
	want := map[any]map[string]any{
		"a":    common(map[string]any{"service.name": "a", "service.namespace": "default"}),
		"edge": common(map[string]any{"service.name": "edge", "service.namespace": "other", "deployment.environment.name": "test"}),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A configuration that is refused after all leaves nothing: TestMain finds goroutines.
func TestDestinationsThatAreNotUsed(t *testing.T) {
	e := NewExporters(zap.NewNop())
	of := Destinations{}
	e.Tracer(&config.Gateway{ID: "a/b", Tracing: &config.Tracing{Endpoint: "http://collector"}}, of, metrics.New().NewSet())
	if len(of) != 1 || len(e.using) != 0 {
		t.Errorf("%d of the configuration, %d in use", len(of), len(e.using))
	}
	e.Close()
}

// A queue that was left is forgotten once it has ended, and not taken up again.
func TestDestinationComesBack(t *testing.T) {
	collector := otlptest.New(t)
	e := NewExporters(zap.NewNop())
	gateway := config.Gateway{ID: "a/b", Tracing: &config.Tracing{Endpoint: collector.GRPC, Protocol: config.TracingGRPC, Sampling: all}}
	for range 3 {
		record(apply(e, gateway)[0], nil)
		apply(e)
		await(t, e.left[len(e.left)-1].done)
	}
	if apply(e); len(e.left) != 0 {
		t.Errorf("%d queues are remembered", len(e.left))
	}
	e.Close()
	collector.Await(t, 3)
}

// A span that ends when nobody sends to its collector any more is counted as lost, also
// if there were other configurations meanwhile; then its series goes.
func TestSpanThatIsLateIsCounted(t *testing.T) {
	collector := otlptest.New(t)
	e, m := NewExporters(zap.NewNop()), metrics.New()
	defer e.Close()
	configure := func(spec *config.Tracing) *Tracer {
		set, of := m.NewSet(), Destinations{}
		e.Keep(set)
		tracer := e.Tracer(&config.Gateway{ID: "a/b", Tracing: spec}, of, set)
		e.Use(of)
		m.Use(set)
		return tracer
	}
	var s Span
	configure(&config.Tracing{Endpoint: collector.HTTP, Sampling: all}).Start(&s, request(nil, nil), time.Now())
	configure(nil)
	e.left[0].hurry()
	await(t, e.left[0].done)
	configure(nil)
	s.End(&Request{Entry: &accesslog.Entry{Time: time.Now()}})
	f := queueFixture{metrics: m}
	f.check(t, 0, 0, 0, 1)
	configure(nil)
	if got := f.numbers(t); len(got) > 0 {
		t.Errorf("there is still %v", got)
	}
}

// Whoever can set the environment of the proxy can give it credentials.
func TestHeadersOfTheEnvironment(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20token")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // is not ours
	collector := otlptest.New(t)
	e := NewExporters(zap.NewNop())
	record(apply(e, config.Gateway{ID: "a/b", Tracing: &config.Tracing{Endpoint: collector.HTTP + "/", Sampling: all}})[0], nil)
	e.Close()
	collector.Await(t, 1)
	if got := collector.Headers()[0].Get("Authorization"); got != "Bearer token" {
		t.Errorf("the collector got %q", got)
	}
}
