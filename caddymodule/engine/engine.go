// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine puts together what serves requests and connections: one Engine for
// a runtime.Runtime, whose parts take up a configuration at once.
package engine

import (
	"context"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/l4"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/proxy"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// Options of an Engine.
type Options struct {
	// AccessLog takes the access log lines of the Gateways that want them. It must be
	// safe for concurrent use, one Write being one line. Default: no access logs.
	AccessLog zapcore.WriteSyncer
	// Metrics takes the numbers. Default: none are kept.
	Metrics *metrics.Metrics
	// Logger is told at level debug why something was not served. Default: none.
	Logger *zap.Logger
}

// requests is embedded under a name of its own: what an Engine has in common with a
// proxy.Engine is promoted, and nobody gets at the rest.
type requests = proxy.Engine

// Engine serves the requests and the connections of a process. It must be closed.
type Engine struct {
	*requests
	connections *l4.Engine
}

var _ runtime.Engine = (*Engine)(nil)

// New returns an engine that serves nothing until a configuration is in use.
func New(options Options) *Engine {
	if options.Logger == nil {
		options.Logger = zap.NewNop()
	}
	return &Engine{
		requests: proxy.New(proxy.Options{
			Metrics: options.Metrics, AccessLog: options.AccessLog, Logger: options.Logger.Named("proxy"),
		}),
		connections: l4.New(l4.Options{AccessLog: options.AccessLog, Logger: options.Logger.Named("l4")}),
	}
}

// Compile makes the tables and returns what puts them in use.
func (e *Engine) Compile(cfg *config.Config) (swap func(), err error) {
	forRequests, err := e.requests.Compile(cfg)
	if err != nil {
		return nil, err
	}
	forConnections, err := e.connections.Compile(cfg, forRequests)
	if err != nil {
		return nil, err
	}
	return func() {
		e.requests.Swap(forRequests) // and the backends of both
		e.connections.Swap(forConnections)
	}, nil
}

// ServeStream serves a connection of a TLS or TCP listener.
func (e *Engine) ServeStream(ctx context.Context, c *stream.Conn) { e.connections.ServeStream(ctx, c) }
