// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"context"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// Options of an Engine.
type Options struct {
	// AccessLog takes the access log lines of the Gateways that want them, as that of
	// proxy.Options. Default: no access logs.
	AccessLog zapcore.WriteSyncer
	// Logger is told at level debug why a connection was not served. Default: none.
	Logger *zap.Logger
}

// Engine serves the connections of a process. It owns none of them, and no goroutine.
type Engine struct {
	options Options
	table   atomic.Pointer[Table]
}

var _ stream.Handler = (*Engine)(nil)

// New returns an engine that closes all connections until the first Swap.
func New(options Options) *Engine {
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	e := &Engine{options: options}
	e.table.Store(&Table{})
	return e
}

// Swap makes t the table for all connections that begin from now on. The source that it
// was compiled from must be in use first, as its backends have their endpoints from that.
// Compile and Swap are to be called by one goroutine at a time.
func (e *Engine) Swap(t *Table) { e.table.Store(t) }

// ServeStream implements stream.Handler. The connection is closed when it returns.
func (e *Engine) ServeStream(ctx context.Context, c *stream.Conn) {
	s := e.find(c)
	if s == nil { // the listener is gone from the table, and about to be closed
		c.TCP.Close()
		return
	}
	s.serve(ctx, c)
}

// find returns what the table says about a connection, nil if it knows nothing of its
// listener.
func (e *Engine) find(c *stream.Conn) *session {
	l := e.table.Load().listeners[c.Listener]
	if l == nil {
		return nil
	}
	s := &session{gateway: l.gateway, metrics: l.unmatched, logger: e.options.Logger}
	s.entry.Proto, s.entry.Gateway, s.entry.Listener = l.proto, l.gateway.id, l.id
	b, ok := l.routes.Lookup(router.NormalizeHost(c.ServerName))
	if !ok {
		return s
	}
	s.metrics, s.entry.Route = b.metrics, b.route
	if share := b.choose(); share != nil {
		s.backend, s.entry.Backend = share.backend, share.id
	}
	return s
}
