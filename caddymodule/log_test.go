// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestProcessLogFollows(t *testing.T) {
	l := newProcessLog()
	child := l.logger.Named("server").With(zap.String("address", ":80"))
	child.Info("to nobody")

	core, first := observer.New(zapcore.DebugLevel)
	l.use(zap.New(core).Named("gateway"))
	child.Info("one", zap.Int("n", 1))
	child.Debug("too fine")
	l.level.SetLevel(zapcore.DebugLevel)
	child.Debug("two")

	core, second := observer.New(zapcore.WarnLevel)
	l.use(zap.New(core).Named("gateway"))
	child.Info("below the level of the log")
	child.Error("three")

	for _, tc := range []struct {
		logs *observer.ObservedLogs
		want []string
	}{{first, []string{"one", "two"}}, {second, []string{"three"}}} {
		entries := tc.logs.All()
		if len(entries) != len(tc.want) {
			t.Fatalf("got %v, want %v", entries, tc.want)
		}
		for i, e := range entries {
			if e.Message != tc.want[i] || e.LoggerName != "gateway.server" {
				t.Errorf("got %q of %q, want %q", e.Message, e.LoggerName, tc.want[i])
			}
			if e.ContextMap()["address"] != ":80" {
				t.Errorf("%q lost its fields: %v", e.Message, e.ContextMap())
			}
		}
	}
	if got := first.All()[0].ContextMap()["n"]; got != int64(1) {
		t.Errorf("n is %v", got)
	}
}

func TestProcessLogIsSilentBelowItsLevel(t *testing.T) {
	l := newProcessLog()
	core, _ := observer.New(zapcore.DebugLevel)
	l.use(zap.New(core))
	if l.logger.Core().Enabled(zapcore.DebugLevel) {
		t.Error("debug is enabled by default")
	}
	l.level.SetLevel(zapcore.ErrorLevel)
	if l.logger.Core().Enabled(zapcore.InfoLevel) {
		t.Error("info is enabled at level error")
	}
}
