// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package otlptest

import (
	"encoding/hex"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is one that has come. IDs are in hexadecimal.
type Span struct {
	Name                      string
	TraceID, SpanID, ParentID string
	State                     string // tracestate
	Server                    bool   // else it is one of a client
	Start, End                time.Time
	// Attributes and Resource have values of type string, int64, bool and float64.
	Attributes, Resource map[string]any
	// Failed is true if the status is ERROR, and Message says why.
	Failed  bool
	Message string
	// Links are the trace IDs of what the span is linked to.
	Links []string
}

func read(r *collector.ExportTraceServiceRequest) (spans []Span) {
	for _, of := range r.ResourceSpans {
		resource := attributes(of.Resource.GetAttributes())
		for _, by := range of.ScopeSpans {
			for _, s := range by.Spans {
				span := Span{
					Name:    s.Name,
					TraceID: hex.EncodeToString(s.TraceId), SpanID: hex.EncodeToString(s.SpanId), ParentID: hex.EncodeToString(s.ParentSpanId),
					State: s.TraceState, Server: s.Kind == trace.Span_SPAN_KIND_SERVER,
					Start: time.Unix(0, int64(s.StartTimeUnixNano)), End: time.Unix(0, int64(s.EndTimeUnixNano)),
					Attributes: attributes(s.Attributes), Resource: resource,
					Failed: s.Status.GetCode() == trace.Status_STATUS_CODE_ERROR, Message: s.Status.GetMessage(),
				}
				for _, l := range s.Links {
					span.Links = append(span.Links, hex.EncodeToString(l.TraceId))
				}
				spans = append(spans, span)
			}
		}
	}
	return spans
}

func attributes(list []*common.KeyValue) map[string]any {
	m := make(map[string]any, len(list))
	for _, a := range list {
		switch v := a.Value.GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			m[a.Key] = v.IntValue
		case *common.AnyValue_BoolValue:
			m[a.Key] = v.BoolValue
		case *common.AnyValue_DoubleValue:
			m[a.Key] = v.DoubleValue
		}
	}
	return m
}
