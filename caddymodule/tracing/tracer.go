// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const (
	// scope is the name of what makes the spans.
	scope = "github.com/kubera-dev/kubera"
	// maxValue bounds, in characters, what a client chose.
	maxValue = 4096
)

// defaultSampling is that of config.Tracing.
var defaultSampling = config.Fraction{Numerator: 1, Denominator: 100}

// Tracer begins the spans of the requests of a Gateway. It is safe for concurrent use;
// nil begins none.
type Tracer struct {
	tracer  trace.Tracer
	restart bool
}

func newTracer(g *config.Gateway, to sdktrace.SpanProcessor) *Tracer {
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxValue
	// Is never shut down: it has nothing but the queue, which others use, too.
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resourceOf(g)),
		sdktrace.WithSampler(samplerOf(g.Tracing)),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithSpanProcessor(to),
	)
	return &Tracer{
		tracer:  provider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		restart: g.Tracing.Restart,
	}
}

func samplerOf(spec *config.Tracing) sdktrace.Sampler {
	share := defaultSampling
	if spec.Sampling != nil {
		share = *spec.Sampling
	}
	return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(float64(share.Numerator) / float64(share.Denominator)))
}

// resourceOf says who the spans are from.
func resourceOf(g *config.Gateway) *resource.Resource {
	namespace, name, ok := strings.Cut(g.ID, "/")
	if !ok {
		namespace, name = "", g.ID
	}
	if g.Tracing.ServiceName != "" {
		name = g.Tracing.ServiceName
	}
	// The last one of a name counts.
	attributes := []attribute.KeyValue{
		semconv.TelemetrySDKName("opentelemetry"),
		semconv.TelemetrySDKLanguageGo,
		semconv.TelemetrySDKVersion(sdk.Version()),
		semconv.ServiceName(name),
	}
	if namespace != "" {
		attributes = append(attributes, semconv.ServiceNamespace(namespace))
	}
	if host, err := os.Hostname(); err == nil { // in a pod its name
		attributes = append(attributes, semconv.ServiceInstanceID(host))
	}
	for _, a := range g.Tracing.Attributes {
		attributes = append(attributes, attribute.String(valid(a.Name), valid(a.Value)))
	}
	return resource.NewWithAttributes(semconv.SchemaURL, attributes...)
}

// Start begins the span of a request that has come, as the header of the request says
// what it is part of. What it says is ignored if it is malformed.
func (t *Tracer) Start(s *Span, r *http.Request, at time.Time) {
	if t == nil {
		return
	}
	in := incoming(r.Header)
	ctx := propagation.TraceContext{}.Extract(context.Background(), &in)
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(at)}
	if t.restart {
		if client := trace.SpanContextFromContext(ctx); client.IsValid() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: client}))
		}
		ctx = context.Background()
	}
	s.tracer = t.tracer
	s.ctx, s.span = t.tracer.Start(ctx, r.Method, options...)
}

// valid makes a string one that OTLP can carry. Of a batch with another one nothing
// would be sent.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
