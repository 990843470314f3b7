// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package otlptest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// Collector takes spans. Its methods are safe for concurrent use.
type Collector struct {
	collector.UnimplementedTraceServiceServer

	// HTTP and GRPC are the URLs of its endpoints.
	HTTP, GRPC string

	mu      sync.Mutex
	spans   []Span
	headers []http.Header // of the requests by HTTP
	changed chan struct{} // closed when there are more, and replaced
}

// New serves a Collector until the test ends.
func New(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{changed: make(chan struct{})}
	byHTTP := httptest.NewServer(http.HandlerFunc(c.serveHTTP))
	t.Cleanup(byHTTP.Close)
	c.HTTP = byHTTP.URL

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	byGRPC := grpc.NewServer()
	collector.RegisterTraceServiceServer(byGRPC, c)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = byGRPC.Serve(listener) // ends by Stop
	}()
	t.Cleanup(func() {
		byGRPC.Stop()
		<-ended
	})
	c.GRPC = "http://" + listener.Addr().String()
	return c
}

// Export implements the service of OTLP.
func (c *Collector) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.take(r, nil)
	return &collector.ExportTraceServiceResponse{}, nil
}

func (c *Collector) serveHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collector.ExportTraceServiceRequest{}
	switch {
	case err != nil:
	case r.URL.Path != "/v1/traces":
		http.NotFound(w, r)
	case proto.Unmarshal(body, request) != nil:
		http.Error(w, "that is not OTLP", http.StatusBadRequest)
	default:
		c.take(request, r.Header)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

func (c *Collector) take(r *collector.ExportTraceServiceRequest, h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, read(r)...)
	if h != nil {
		c.headers = append(c.headers, h)
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// Spans are those that have come.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Headers are those of the requests that have come by HTTP.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Await waits until there are n spans, and returns all that there are, in the order in
// which they began.
func (c *Collector) Await(t testing.TB, n int) []Span {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		c.mu.Lock()
		spans, changed := slices.Clone(c.spans), c.changed
		c.mu.Unlock()
		if len(spans) >= n {
			slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
			return spans
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%d spans have come, want %d: %+v", len(spans), n, spans)
		}
	}
}
