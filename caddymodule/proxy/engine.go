// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/mirror"
	"github.com/kubera-dev/kubera/caddymodule/tracing"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// Engine serves the requests of a process. Make one with New.
type Engine struct {
	options   Options
	table     atomic.Pointer[Table]
	registry  *upstream.Registry
	mirrors   *mirror.Sender
	exporters *tracing.Exporters
	streams   upstream.Streams
	draining  atomic.Bool
}

// New returns an engine that answers 404 until the first Swap. It must be closed.
func New(options Options) *Engine {
	if options.Metrics == nil {
		options.Metrics = metrics.New()
	}
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	e := &Engine{
		options: options, registry: upstream.NewRegistry(), mirrors: mirror.New(),
		exporters: tracing.NewExporters(options.Logger.Named("tracing")),
	}
	e.table.Store(&Table{})
	return e
}

// Swap makes t the table for all requests that begin from now on. Backends and
// endpoints that it shares with the table before keep their connections; others
// are retired: idle connections are closed, running requests end in their own
// time. Compile and Swap are to be called by one goroutine at a time.
func (e *Engine) Swap(t *Table) {
	for key, endpoints := range t.endpoints {
		t.backends[key].SetEndpoints(endpoints)
	}
	t.endpoints, t.made = nil, nil
	e.exporters.Use(t.spans)
	t.spans = nil
	if t.metrics != nil {
		e.options.Metrics.Use(t.metrics)
		t.metrics = nil
	}
	e.table.Store(t)
	e.registry.Use(t.backends)
}

// SetEndpoints replaces the endpoints of some backends of the table in use, or of
// none if one of them is unknown: the error is then a *config.Refusal.
func (e *Engine) SetEndpoints(update []config.BackendEndpoints) error {
	return e.registry.SetEndpoints(update)
}

// Backend returns a backend of the table in use by its ID, nil if there is none, for
// those who send by themselves what is no request.
func (e *Engine) Backend(id string) *upstream.Backend { return e.registry.Backend(id) }

// Handler serves the requests of the socket for the listeners whose BindAddress
// is address.
func (e *Engine) Handler(address string) http.Handler {
	return &handler{engine: e, address: address}
}

// SetDraining makes answers ask clients to use another connection for their next
// request: with Connection: close, which net/http turns into GOAWAY in HTTP/2.
func (e *Engine) SetDraining(draining bool) { e.draining.Store(draining) }

// Close cuts copies of requests that are under way, and closes the idle connections
// to backends, and sends the spans that have ended, which takes 3 s at most. Requests
// under way end in their own time.
func (e *Engine) Close() {
	e.mirrors.Close()
	e.exporters.Close()
	e.registry.Close()
}
