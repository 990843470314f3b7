// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/tracing"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

// enter notes the listener of the request, if there is one, and begins the span.
func (x *exchange) enter(l *listener) {
	x.listener = l
	if l != nil && l.gateway != nil {
		l.gateway.tracer.Start(&x.span, x.r, x.begin)
	}
}

// BeginTry implements upstream.Tries.
func (x *exchange) BeginTry(endpoint string) {
	q := &x.request
	backend := x.share.backend.via(x.listener.gateway)
	x.span.BeginTry(&tracing.Try{
		Method: q.Method, Target: q.Target, Scheme: backend.Scheme(), Header: q.Header,
		Backend: x.share.backend.id, Endpoint: endpoint,
	})
}

// EndTry implements upstream.Tries.
func (x *exchange) EndTry(status int, err error) {
	if err == nil {
		err = x.err // of the body
	}
	x.span.EndTry(&tracing.TryEnd{Status: status, Error: err, Failure: failureOf(err)})
}

// endSpan ends the span of the request, whose entry is complete.
func (x *exchange) endSpan() {
	if !x.span.Recording() {
		return
	}
	scheme := "http"
	if x.r.TLS != nil {
		scheme = "https"
	}
	x.span.End(&tracing.Request{Entry: &x.entry, Scheme: scheme, Port: x.listener.port, Failure: failureOf(x.err)})
}

// failureOf names the kind of an error of a backend, "connect_failed", for those who count.
func failureOf(err error) string {
	if failed, ok := errors.AsType[*upstream.Error](err); ok {
		return strings.ReplaceAll(failed.Kind.String(), " ", "_")
	}
	return ""
}
