// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

const (
	// maxQueue bounds the spans that wait to be sent to a destination.
	maxQueue = 2048
	// maxBatch bounds the spans that are sent at once.
	maxBatch = 512
	// maxWait is how long a span waits for others to be sent with it.
	maxWait = time.Second
)

// queue takes the spans that end and sends them to a destination. Its methods are safe
// for concurrent use, but for start, which is called once.
//
// OpenTelemetry's own queue, the BatchSpanProcessor, doesn't tell what it drops.
type queue struct {
	to      destination
	numbers *metrics.Spans
	log     outages
	// connect makes the exporter.
	connect func(context.Context) (sdktrace.SpanExporter, error)

	ended chan sdktrace.ReadOnlySpan
	open  atomic.Int64  // spans that have begun and not ended
	wake  chan struct{} // gets a value when a span has ended after leave

	leaveOnce sync.Once
	leaving   chan struct{}   // closed by leave
	late      context.Context // done when open spans are not waited for any more
	hurry     context.CancelFunc
	ctx       context.Context // done when nothing is sent any more
	abandon   context.CancelFunc
	done      chan struct{} // closed when the goroutine has ended
}

var _ sdktrace.SpanProcessor = (*queue)(nil)

func newQueue(to destination, numbers *metrics.Spans, logger *zap.Logger) *queue {
	q := &queue{
		to: to, numbers: numbers, connect: to.newExporter,
		log:   outages{logger: logger.With(zap.String("endpoint", to.endpoint))},
		ended: make(chan sdktrace.ReadOnlySpan, maxQueue), wake: make(chan struct{}, 1),
		leaving: make(chan struct{}), done: make(chan struct{}),
	}
	q.ctx, q.abandon = context.WithCancel(context.Background())
	q.late, q.hurry = context.WithCancel(q.ctx)
	return q
}

// OnStart counts a span as open.
func (q *queue) OnStart(context.Context, sdktrace.ReadWriteSpan) { q.open.Add(1) }

// OnEnd takes a span, or drops it if there is no room. It never waits.
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if isClosed(q.done) {
		q.numbers.Dropped(metrics.SpansClosed, 1)
		q.open.Add(-1)
		return
	}
	select {
	case q.ended <- s:
	default:
		q.numbers.Dropped(metrics.SpansQueueFull, 1)
	}
	q.open.Add(-1)
	// In this order: either run sees that the span is not open any more, or it is woken.
	if isClosed(q.leaving) {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// over says whether nothing more will be sent or lost.
func (q *queue) over() bool { return isClosed(q.done) && q.open.Load() <= 0 }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Shutdown does nothing: a queue has several users, and ends by leave.
func (q *queue) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing: nobody has a provider to call it by.
func (q *queue) ForceFlush(context.Context) error { return nil }

// start begins to send.
func (q *queue) start() { go q.run() }

// leave ends the queue, and returns at once: spans that are open have so long to end,
// and what has ended is sent.
func (q *queue) leave(wait time.Duration) {
	q.leaveOnce.Do(func() { close(q.leaving) })
	if wait > 0 {
		time.AfterFunc(wait, q.hurry)
	} else {
		q.hurry()
	}
}

// run sends what comes until the queue is left.
func (q *queue) run() {
	defer close(q.done)
	defer q.abandon()
	to, err := q.connect(q.ctx)
	if err != nil { // never: the endpoint was validated
		to = unusable{err}
	}
	defer func() { _ = to.Shutdown(q.ctx) }() // of what was sent nothing is left to be lost
	batch := make([]sdktrace.ReadOnlySpan, 0, maxBatch)
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	leaving, left := q.leaving, false
	for {
		due := false
		select {
		case s := <-q.ended:
			if batch = append(batch, s); len(batch) == 1 {
				timer.Reset(maxWait)
			}
		case <-timer.C:
			due = true
		case <-leaving:
			leaving, left = nil, true
		case <-q.wake:
		case <-q.late.Done():
		}
		finished := left && len(q.ended) == 0 && (q.open.Load() <= 0 || q.late.Err() != nil)
		if due || finished || len(batch) == maxBatch {
			q.send(to, batch)
			clear(batch)
			batch = batch[:0]
		}
		if finished {
			return
		}
	}
}

func (q *queue) send(to sdktrace.SpanExporter, batch []sdktrace.ReadOnlySpan) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(q.ctx, exportTimeout)
	defer cancel()
	err := to.ExportSpans(ctx, batch)
	if err != nil {
		q.numbers.Dropped(metrics.SpansRefused, len(batch))
	} else {
		q.numbers.Exported(len(batch))
	}
	q.log.note(err)
}

// unusable is an exporter that could not be made.
type unusable struct{ err error }

func (u unusable) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return u.err }

func (u unusable) Shutdown(context.Context) error { return nil }
