// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/accesslog"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// remember keeps for the access log and the span what filters may change. Only the first call
// counts.
func (x *exchange) remember() {
	if x.listener.gateway.log == nil && !x.span.Recording() || x.entry.Method != "" {
		return
	}
	r := x.r
	x.entry.Method, x.entry.Host, x.entry.Target, x.entry.Proto = r.Method, r.Host, r.RequestURI, r.Proto
	x.entry.UserAgent, x.entry.Referer = r.UserAgent(), r.Referer()
}

// count counts the request as one in flight.
func (x *exchange) count(m *metrics.Route) {
	x.metrics = m
	m.Begin()
}

// report counts the answer, writes the access log and ends the span.
func (x *exchange) report() {
	took := time.Since(x.begin)
	if x.metrics != nil {
		x.metrics.End(x.status, took)
	}
	if x.listener == nil {
		return
	}
	e := &x.entry
	e.Status, e.Error, e.Endpoint = x.status, x.detail, x.endpoint
	if x.err != nil {
		x.explain(e)
	}
	log, recording := x.listener.gateway.log, x.span.Recording()
	if log == nil && !recording {
		return
	}
	x.remember()
	e.Time, e.Duration, e.Bytes = x.begin, took, x.sent
	if e.Client = x.filtering.Client; !e.Client.IsValid() {
		e.Client = x.listener.gateway.clients.Resolve(x.r).Addr
	}
	e.Gateway, e.Listener = x.listener.gateway.id, x.listener.id
	if x.rule != nil {
		e.Route, e.Rule = x.rule.route, x.rule.name
	}
	if x.share != nil {
		e.Backend = x.share.backend.id
	}
	e.TraceID, e.SpanID = x.span.IDs()
	e.Recorded = recording
	log.Log(e)
	x.endSpan()
}

// explain tells why there is no complete response of a backend.
func (x *exchange) explain(e *accesslog.Entry) {
	var failed *upstream.Error
	isUpstream := errors.As(x.err, &failed)
	if isUpstream {
		e.Endpoint = failed.Endpoint
	}
	// A client that is not written to any more has left, unless time was over.
	if isUpstream && failed.Kind == upstream.Canceled || x.cut && !isUpstream && !errors.Is(x.err, os.ErrDeadlineExceeded) {
		e.Status = statusClientClosed
	}
	e.Error = x.err.Error()
	x.engine.options.Logger.Debug("no complete response of a backend",
		zap.String("listener", x.listener.id), zap.Int("status", e.Status), zap.Error(x.err))
}
