// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	spansExportedDesc = describe("spans_exported_total",
		"Spans that the collector has taken.", "endpoint")
	spansDroppedDesc = describe("spans_dropped_total",
		"Spans that were lost, by the reason.", "endpoint", "reason")
)

// SpanLoss is why a span was lost.
type SpanLoss int

// The reasons why spans are lost.
const (
	// SpansQueueFull: more spans waited to be sent than are kept.
	SpansQueueFull SpanLoss = iota
	// SpansRefused: the collector could not be reached, or has not taken the batch, or
	// not all of it.
	SpansRefused
	// SpansClosed: the span ended long after its Gateway had another collector, or none.
	SpansClosed

	spanLosses int = iota
)

var spanLossLabels = [spanLosses]string{"queue_full", "refused", "closed"}

// Spans counts what goes to a collector. Its methods are safe for concurrent use, and
// allocate nothing. The nil Spans counts nothing.
type Spans struct {
	exported atomic.Uint64
	dropped  [spanLosses]atomic.Uint64
}

// Exported counts spans that were taken.
func (s *Spans) Exported(n int) {
	if s != nil {
		s.exported.Add(uint64(n))
	}
}

// Dropped counts spans that are lost.
func (s *Spans) Dropped(why SpanLoss, n int) {
	if s != nil {
		s.dropped[why].Add(uint64(n))
	}
}

// Spans returns the numbers of a collector, by its URL in the configuration.
func (s *Set) Spans(endpoint string) *Spans {
	var old map[string]*Spans
	if s.old != nil {
		old = s.old.spans
	}
	return obtain(s.spans, old, label(endpoint), func() *Spans { return &Spans{} })
}

func (s *Spans) collect(ch chan<- prometheus.Metric, endpoint string) {
	ch <- counter(spansExportedDesc, &s.exported, endpoint)
	for i := range s.dropped {
		ch <- counter(spansDroppedDesc, &s.dropped[i], endpoint, spanLossLabels[i])
	}
}
