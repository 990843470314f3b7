// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Span is what is recorded of a request and its tries. The zero Span, of a Gateway that
// doesn't trace, records nothing and leaves headers as they are. Not safe for concurrent
// use.
type Span struct {
	tracer trace.Tracer
	ctx    context.Context // with span
	span   trace.Span
	try    trace.Span
	tries  int
	// parent is what was last put into the header of the request.
	parent string
}

// Started is true for the request of a Gateway that traces.
func (s *Span) Started() bool { return s.span != nil }

// Recording is true if the span will be sent. Others have an identity, too, which
// endpoints are told.
func (s *Span) Recording() bool { return s.span != nil && s.span.IsRecording() }

// IDs are those of the trace and of the span, in hexadecimal.
func (s *Span) IDs() (traceID, spanID string) {
	if s.span == nil {
		return "", ""
	}
	c := s.span.SpanContext()
	return c.TraceID().String(), c.SpanID().String()
}

// Put writes into the header of the request what it is part of from now on, in place of
// what the client said.
func (s *Span) Put(h http.Header) {
	if s.span == nil {
		return
	}
	f := s.fields(s.ctx)
	delete(h, stateField)
	if f.state != "" {
		h[stateField] = []string{f.state}
	}
	h[parentField] = []string{f.parent}
	s.parent = f.parent
}

func (s *Span) fields(ctx context.Context) (f fields) {
	propagation.TraceContext{}.Inject(ctx, &f)
	return f
}

// BeginTry begins the span of a try, and puts it into the header in place of the request,
// where that is named there: filters that have removed or changed it have the last word.
func (s *Span) BeginTry(t *Try) {
	if !s.Recording() {
		return
	}
	var ctx context.Context
	ctx, s.try = s.tracer.Start(s.ctx, valid(t.Method), trace.WithSpanKind(trace.SpanKindClient))
	t.describe(s.try, s.tries)
	s.tries++
	if named := t.Header[parentField]; len(named) == 1 && named[0] == s.parent {
		s.parent = s.fields(ctx).parent
		t.Header[parentField] = []string{s.parent}
	}
}

// EndTry ends the span of the last try.
func (s *Span) EndTry(e *TryEnd) {
	if s.try == nil {
		return
	}
	e.describe(s.try)
	s.try.End()
	s.try = nil
}

// End ends the span of the request.
func (s *Span) End(r *Request) {
	if !s.Recording() {
		return
	}
	r.describe(s.span)
	s.span.End(trace.WithTimestamp(r.Time.Add(r.Duration)))
}
