// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"slices"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// processLog is a logger that outlives Caddy configurations: it writes to the
// log of whichever is in use, and has the level of the served configuration.
type processLog struct {
	logger *zap.Logger
	level  zap.AtomicLevel
	target *atomic.Pointer[zap.Logger]
}

func newProcessLog() *processLog {
	l := &processLog{level: zap.NewAtomicLevel(), target: &atomic.Pointer[zap.Logger]{}}
	l.target.Store(zap.NewNop())
	l.logger = zap.New(&switchCore{level: l.level, target: l.target})
	return l
}

// use makes logger the one that is written to.
func (l *processLog) use(logger *zap.Logger) { l.target.Store(logger) }

// switchCore is a zapcore.Core on top of a logger that may be replaced.
type switchCore struct {
	level  zap.AtomicLevel
	target *atomic.Pointer[zap.Logger]
	fields []zapcore.Field
}

func (c *switchCore) Enabled(level zapcore.Level) bool {
	return c.level.Enabled(level) && c.target.Load().Core().Enabled(level)
}

func (c *switchCore) With(fields []zapcore.Field) zapcore.Core {
	child := *c
	child.fields = slices.Concat(c.fields, fields)
	return &child
}

func (c *switchCore) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

func (c *switchCore) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	target := c.target.Load()
	if entry.LoggerName == "" {
		entry.LoggerName = target.Name()
	} else {
		entry.LoggerName = target.Name() + "." + entry.LoggerName
	}
	if checked := target.Core().Check(entry, nil); checked != nil {
		checked.Write(slices.Concat(c.fields, fields)...)
	}
	return nil
}

func (c *switchCore) Sync() error { return c.target.Load().Sync() }
