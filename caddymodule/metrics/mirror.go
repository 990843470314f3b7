// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// MirrorOutcome is what became of a copy of a request.
type MirrorOutcome int

// The outcomes of copies. Each copy has one.
const (
	// MirrorOK: a response came, whatever its status.
	MirrorOK MirrorOutcome = iota
	// MirrorError: there is no endpoint, or none could be connected to, or what
	// came is no response.
	MirrorError
	// MirrorTimeout: the time for copies was over.
	MirrorTimeout
	// MirrorDropped: the proxy gave the copy up. Too many were under way, or its
	// body fell behind that of the request, or the request had no complete body, or
	// the proxy stops.
	MirrorDropped

	mirrorOutcomes int = iota
)

var mirrorOutcomeLabels = [mirrorOutcomes]string{"ok", "error", "timeout", "dropped"}

// CountMirror counts a copy that is over. If it was sent, its tries are counted by
// Count as well.
func (b *Backend) CountMirror(outcome MirrorOutcome) {
	if b != nil {
		b.mirrored[outcome].Add(1)
	}
}

// collectMirrored shows nothing of a backend that gets no copies, as most do.
func (b *Backend) collectMirrored(ch chan<- prometheus.Metric, id string) {
	var total uint64
	for i := range b.mirrored {
		total += b.mirrored[i].Load()
	}
	if total == 0 {
		return
	}
	for i := range b.mirrored {
		ch <- counter(mirroredDesc, &b.mirrored[i], id, mirrorOutcomeLabels[i])
	}
}
