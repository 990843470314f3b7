// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Outcome of one try to get a response from an endpoint. Each try has one.
type Outcome int

// The outcomes of tries.
const (
	// OK: a final response was read to its end, whatever its status.
	OK Outcome = iota
	// Error: no connection could be made, or it broke, or what came is no
	// response.
	Error
	// Timeout: the time for the try or for the request was over.
	Timeout
	// Canceled: the client left.
	Canceled
	// Retried: an Error, a Timeout, or a response that the client does not see,
	// since there was another try.
	Retried

	outcomes int = iota
)

var outcomeLabels = [outcomes]string{"ok", "error", "timeout", "canceled", "retried"}

// Backend counts what goes on between the proxy and the endpoints of a backend.
// Its methods are safe for concurrent use, and allocate nothing. The nil Backend
// counts nothing.
type Backend struct {
	requests    [outcomes]atomic.Uint64
	mirrored    [mirrorOutcomes]atomic.Uint64
	connections atomic.Int64
	ready       atomic.Int64
}

// Count counts a try that is over. A request for which there is no endpoint is
// none.
func (b *Backend) Count(outcome Outcome) {
	if b != nil {
		b.requests[outcome].Add(1)
	}
}

// Opened counts a connection that was made. Each Opened is followed by one
// Closed, of the same Backend.
func (b *Backend) Opened() {
	if b != nil {
		b.connections.Add(1)
	}
}

// Closed counts a connection that was closed.
func (b *Backend) Closed() {
	if b != nil {
		b.connections.Add(-1)
	}
}

// SetReady says how many endpoints are ready and not draining.
func (b *Backend) SetReady(n int) {
	if b != nil {
		b.ready.Store(int64(n))
	}
}

func (b *Backend) collect(ch chan<- prometheus.Metric, id string) {
	for i := range b.requests {
		ch <- counter(upstreamRequestsDesc, &b.requests[i], id, outcomeLabels[i])
	}
	b.collectMirrored(ch, id)
	ch <- gauge(connectionsDesc, &b.connections, id)
	ch <- gauge(readyDesc, &b.ready, id)
}
