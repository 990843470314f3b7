// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"

	"go.uber.org/zap"
)

// errorLog takes the lines of an http.Server's log. They are about clients that
// speak nonsense or go away, which is for debugging only; except a panic of a
// handler, which is a fault of ours.
type errorLog struct {
	logger *zap.Logger
}

func (l *errorLog) Write(line []byte) (int, error) {
	message := string(bytes.TrimSpace(line))
	if bytes.Contains(line, []byte("panic serving")) {
		l.logger.Error("handler panicked", zap.String("detail", message))
	} else {
		l.logger.Debug("http server", zap.String("detail", message))
	}
	return len(line), nil
}
