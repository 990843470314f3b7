// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "testing"

func TestSpans(t *testing.T) {
	t.Parallel()
	m := New()
	set := m.NewSet()
	spans := set.Spans("http://a")
	m.Use(set)
	spans.Exported(3)
	spans.Dropped(SpansQueueFull, 1)
	spans.Dropped(SpansRefused, 5)
	spans.Exported(1)
	expect(t, shown(t, m, "spans"),
		`spans_dropped_total{endpoint="http://a",reason="closed"} 0`,
		`spans_dropped_total{endpoint="http://a",reason="queue_full"} 1`,
		`spans_dropped_total{endpoint="http://a",reason="refused"} 5`,
		`spans_exported_total{endpoint="http://a"} 4`,
	)

	// They go on with the next configuration that has the collector.
	next := m.NewSet()
	if next.Spans("http://a") != spans || next.Spans("http://b") == spans {
		t.Error("the numbers are not those of the collector")
	}
}

func TestNilSpans(*testing.T) {
	var none *Spans
	none.Exported(1)
	none.Dropped(SpansClosed, 1)
}
