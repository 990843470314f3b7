// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/proxy"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
)

// engine is a proxy.Engine as the Runtime sees it.
type engine struct {
	*proxy.Engine
	metrics *metrics.Metrics
}

func newEngine(logger *zap.Logger) *engine {
	m := metrics.New()
	return &engine{metrics: m, Engine: proxy.New(proxy.Options{
		Metrics: m,
		// Not by way of Caddy's logs, which take a lock and encode for each of
		// them. Lines of an os.File are whole.
		AccessLog: zapcore.AddSync(os.Stdout),
		Logger:    logger.Named("proxy"),
	})}
}

// Compile makes a table and returns what puts it in use.
func (e *engine) Compile(cfg *config.Config) (func(), error) {
	table, err := e.Engine.Compile(cfg)
	if err != nil {
		return nil, err
	}
	return func() { e.Swap(table) }, nil
}

// Interface guard
var _ runtime.Engine = (*engine)(nil)
