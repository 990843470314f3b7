// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"net/http"
	"strings"
)

// The names of the fields of W3C Trace Context, as net/http has them.
const (
	parentField = "Traceparent"
	stateField  = "Tracestate"
)

// fields are those of W3C Trace Context: what a propagation.TraceContext reads and
// writes.
type fields struct{ parent, state string }

// incoming are the fields of a request. A parent that is there twice is none, and a state
// may be in several fields (Trace Context, sections 3.2 and 3.3).
func incoming(h http.Header) fields {
	var f fields
	if parents := h[parentField]; len(parents) == 1 {
		f.parent = parents[0]
	}
	if states := h[stateField]; len(states) == 1 {
		f.state = states[0]
	} else if len(states) > 1 {
		f.state = strings.Join(states, ",")
	}
	return f
}

// Get implements propagation.TextMapCarrier.
func (f *fields) Get(key string) string {
	switch {
	case strings.EqualFold(key, parentField):
		return f.parent
	case strings.EqualFold(key, stateField):
		return f.state
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (f *fields) Set(key, value string) {
	switch {
	case strings.EqualFold(key, parentField):
		f.parent = value
	case strings.EqualFold(key, stateField):
		f.state = value
	}
}

// Keys implements propagation.TextMapCarrier.
func (f *fields) Keys() []string { return []string{parentField, stateField} }
