// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import "go.uber.org/zap"

// Options of an Engine.
type Options struct {
	// Logger of what goes wrong with backends, at level debug. Default: none.
	Logger *zap.Logger
}
