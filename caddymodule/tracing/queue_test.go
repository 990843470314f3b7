// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// sink is an exporter that notes what it gets.
type sink struct {
	mu       sync.Mutex
	batches  []int
	got      chan int // of spans
	err      error
	blocked  bool // it waits for the end of the context
	shutdown bool
}

func (s *sink) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		<-ctx.Done()
		return ctx.Err()
	}
	s.batches = append(s.batches, len(spans))
	s.got <- len(spans)
	return s.err
}

func (s *sink) Shutdown(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shutdown = true
	return nil
}

func (s *sink) setError(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// queueFixture is a queue to a sink.
type queueFixture struct {
	*queue
	sink    *sink
	logs    *observer.ObservedLogs
	metrics *metrics.Metrics
}

func newQueueFixture(t *testing.T) *queueFixture {
	t.Helper()
	logged, logs := observer.New(zapcore.InfoLevel)
	m := metrics.New()
	set := m.NewSet()
	f := &queueFixture{
		queue: newQueue(destination{"http://collector", config.TracingHTTP}, set.Spans("http://collector"), zap.New(logged)),
		sink:  &sink{got: make(chan int, 100)}, logs: logs, metrics: m,
	}
	m.Use(set)
	f.connect = func(context.Context) (sdktrace.SpanExporter, error) { return f.sink, nil }
	return f
}

// end ends n spans that have begun.
func (f *queueFixture) end(n int) {
	for range n {
		f.OnEnd(tracetest.SpanStub{Name: "span"}.Snapshot())
	}
}

// numbers are what was exported, and lost for each reason.
func (f *queueFixture) numbers(t *testing.T) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(f.metrics)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			switch family.GetName() {
			case "kubera_proxy_spans_exported_total":
				got["exported"] = m.GetCounter().GetValue()
			case "kubera_proxy_spans_dropped_total":
				got[m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return got
}

func (f *queueFixture) check(t *testing.T, exported, full, refused, closed float64) {
	t.Helper()
	want := map[string]float64{"exported": exported, "queue_full": full, "refused": refused, "closed": closed}
	if diff := cmp.Diff(want, f.numbers(t)); diff != "" {
		t.Error(diff)
	}
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("timed out")
	}
}

// One span is sent after a while, whether others come or not.
func TestQueueSends(t *testing.T) {
	f := newQueueFixture(t)
	f.start()
	f.OnStart(t.Context(), nil)
	f.end(1)
	select {
	case n := <-f.sink.got:
		if n != 1 {
			t.Errorf("%d spans have come", n)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing has come")
	}
	f.leave(0)
	await(t, f.done)
	f.check(t, 1, 0, 0, 0)
	if !f.sink.shutdown {
		t.Error("the exporter was not shut down")
	}
}

func TestQueueIsBounded(t *testing.T) {
	f := newQueueFixture(t)
	f.end(maxQueue + 5) // nobody takes them
	f.check(t, 0, 5, 0, 0)
	f.leave(0)
	f.start()
	await(t, f.done)
	f.check(t, maxQueue, 5, 0, 0)
	for _, n := range f.sink.batches {
		if n > maxBatch {
			t.Errorf("a batch has %d spans", n)
		}
	}
	f.end(3)
	f.check(t, maxQueue, 5, 0, 3)
}

func TestQueueWaitsForOpenSpans(t *testing.T) {
	f := newQueueFixture(t)
	f.start()
	for range 3 {
		f.OnStart(t.Context(), nil)
	}
	f.end(1)
	f.leave(time.Hour)
	f.end(1)
	if isClosed(f.done) {
		t.Error("a span is open, and the queue has ended")
	}
	f.end(1)
	await(t, f.done)
	f.check(t, 3, 0, 0, 0)
}

// Many spans that end while the queue is left are all sent.
func TestQueueIsLeftUnderLoad(t *testing.T) {
	f := newQueueFixture(t)
	f.start()
	const spans = 1000
	for range spans {
		f.OnStart(t.Context(), nil)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { f.end(spans / 4) })
	}
	f.leave(time.Hour)
	wg.Wait()
	await(t, f.done)
	f.check(t, spans, 0, 0, 0)
}

func TestQueueDoesNotWaitForever(t *testing.T) {
	f := newQueueFixture(t)
	f.start()
	f.OnStart(t.Context(), nil)
	f.OnStart(t.Context(), nil)
	f.end(1)
	f.leave(time.Millisecond)
	await(t, f.done)
	f.end(1)
	f.check(t, 1, 0, 0, 1)
}

// An exporter that hangs is given up.
func TestQueueIsAbandoned(t *testing.T) {
	f := newQueueFixture(t)
	f.sink.blocked = true
	f.start()
	f.end(maxBatch)
	f.leave(0)
	f.abandon()
	await(t, f.done)
	f.check(t, 0, 0, maxBatch, 0)
}

// An outage is logged when it begins and when it is over.
func TestOutages(t *testing.T) {
	f := newQueueFixture(t)
	f.sink.err = errors.New("no")
	f.start()
	for i := range 6 {
		if i == 3 {
			f.sink.setError(nil)
		}
		f.end(maxBatch)
		<-f.sink.got
	}
	f.leave(0)
	await(t, f.done)
	f.check(t, 3*maxBatch, 0, 3*maxBatch, 0)
	var got []string
	for _, entry := range f.logs.All() {
		got = append(got, entry.Level.String()+": "+entry.Message)
	}
	want := []string{"warn: the collector does not take spans, which are lost", "info: the collector takes spans again"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExporterThatCanNotBeMade(t *testing.T) {
	f := newQueueFixture(t)
	f.connect = func(context.Context) (sdktrace.SpanExporter, error) { return nil, errors.New("no") }
	f.start()
	f.end(1)
	f.leave(0)
	await(t, f.done)
	f.check(t, 0, 0, 1, 0)
}
