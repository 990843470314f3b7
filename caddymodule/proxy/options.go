// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// Options of an Engine.
type Options struct {
	// AccessLog takes the access log lines of the Gateways that want them. It
	// must be safe for concurrent use, one Write being one line. Default: no
	// access logs.
	AccessLog zapcore.WriteSyncer
	// Metrics takes the numbers. Default: none are kept.
	Metrics *metrics.Metrics
	// Logger is told at level debug why a request got no response of a backend, and
	// that spans can't be sent. Default: none.
	Logger *zap.Logger
}
