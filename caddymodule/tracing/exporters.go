// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

const (
	// lingerTime is how long the spans that are open may take to end once nobody sends to
	// their destination any more.
	lingerTime = 30 * time.Second
	// closeTimeout bounds sending what is left when the process ends.
	closeTimeout = 3 * time.Second
)

// Exporters send the spans of a process, to each destination by one queue, whatever
// number of Gateways and configurations have it. Its methods are called by one goroutine
// at a time.
type Exporters struct {
	logger *zap.Logger
	using  Destinations
	// left are the queues that were left and may not be over.
	left []*queue
}

// Destinations are those of one configuration. Nothing is sent to them before
// Exporters.Use.
type Destinations map[destination]*queue

// NewExporters returns Exporters that send nothing yet. They must be closed.
func NewExporters(logger *zap.Logger) *Exporters { return &Exporters{logger: logger} }

// Tracer returns the Tracer of a Gateway, nil if it wants none, and adds its destination
// to those of the configuration.
func (e *Exporters) Tracer(g *config.Gateway, of Destinations, numbers *metrics.Set) *Tracer {
	if g.Tracing == nil {
		return nil
	}
	to := destinationOf(g.Tracing)
	q, ok := of[to]
	if !ok {
		spans := numbers.Spans(to.endpoint)
		if q, ok = e.using[to]; !ok {
			q = newQueue(to, spans, e.logger)
		}
		of[to] = q
	}
	return newTracer(g, q)
}

// Keep adds to the metrics of a configuration those of what is sent before it, whether it
// has the destination or not: what is lost at the end counts, too.
func (e *Exporters) Keep(numbers *metrics.Set) {
	for to := range e.using {
		numbers.Spans(to.endpoint)
	}
	for _, q := range e.left {
		if !q.over() {
			numbers.Spans(q.to.endpoint)
		}
	}
}

// Use sends to the destinations of a configuration, and to no others, once the spans that
// are open have ended.
func (e *Exporters) Use(next Destinations) {
	e.left = slices.DeleteFunc(e.left, (*queue).over)
	for to, q := range e.using {
		if next[to] != q {
			q.leave(lingerTime)
			e.left = append(e.left, q)
		}
	}
	for to, q := range next {
		if e.using[to] != q {
			q.start()
		}
	}
	e.using = next
}

// Close sends what has ended, for up to 3 s, and returns when no goroutine is left.
func (e *Exporters) Close() {
	e.Use(nil)
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, q := range e.left {
		q.leave(0)
		context.AfterFunc(ctx, q.abandon)
	}
	for _, q := range e.left {
		<-q.done
	}
	e.left = nil
}
