// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const (
	// exportTimeout bounds how long a batch is tried to be sent.
	exportTimeout = 10 * time.Second
	// maxRetryWait bounds the time between two tries, and between two connections.
	maxRetryWait = 5 * time.Second
	// defaultPath is that of traces in OTLP over HTTP.
	defaultPath = "/v1/traces"
)

// destination is where spans are sent. Gateways with the same one share a queue.
type destination struct {
	endpoint string
	protocol config.TracingProtocol
}

func destinationOf(spec *config.Tracing) destination {
	return destination{spec.Endpoint, cmp.Or(spec.Protocol, config.TracingHTTP)}
}

// exporter is an sdktrace.SpanExporter that closes its connections when it is shut down.
type exporter struct {
	sdktrace.SpanExporter
	closeIdle func()
}

// Shutdown implements sdktrace.SpanExporter.
func (e exporter) Shutdown(ctx context.Context) error {
	defer e.closeIdle()
	return e.SpanExporter.Shutdown(ctx)
}

// newExporter connects to nothing yet.
func (d destination) newExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if d.protocol == config.TracingGRPC {
		return d.newGRPC(ctx)
	}
	return d.newHTTP(ctx)
}

func (d destination) newHTTP(ctx context.Context) (sdktrace.SpanExporter, error) {
	u, err := url.Parse(d.endpoint)
	if err != nil {
		return nil, fmt.Errorf("parsing the endpoint: %w", err)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = defaultPath
	}
	// A transport of its own: the one that the exporter would use keeps its connections
	// for as long as the process lives.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	sender, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(u.String()),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: transport, Timeout: exportTimeout}),
		otlptracehttp.WithTimeout(exportTimeout),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: maxRetryWait, MaxElapsedTime: exportTimeout,
		}))
	if err != nil {
		return nil, err
	}
	return exporter{sender, transport.CloseIdleConnections}, nil
}

func (d destination) newGRPC(ctx context.Context) (sdktrace.SpanExporter, error) {
	connecting := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: maxRetryWait}
	connecting.Backoff.MaxDelay = maxRetryWait
	sender, err := otlptracegrpc.New(ctx,
		otlptracegrpc.WithEndpointURL(d.endpoint),
		otlptracegrpc.WithDialOption(grpc.WithConnectParams(connecting)),
		otlptracegrpc.WithTimeout(exportTimeout),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: maxRetryWait, MaxElapsedTime: exportTimeout,
		}))
	if err != nil {
		return nil, err
	}
	return exporter{sender, func() {}}, nil
}
