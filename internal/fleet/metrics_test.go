// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := SharedMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	again, err := SharedMetrics(registry)
	if err != nil {
		t.Fatalf("a second operator in the process: %v", err)
	}
	m.count("full", nil)
	again.count("full", nil)
	m.count("delta", fmt.Errorf("push: %w", errConflict))
	m.count("delta", fmt.Errorf("push: %w", &config.Refusal{Message: "no"}))
	m.count("endpoints", errors.New("no route to host"))
	for _, tc := range []struct {
		kind, result string
		want         float64
	}{
		{"full", "applied", 2}, {"delta", "conflict", 1}, {"delta", "refused", 1}, {"endpoints", "failed", 1}, {"full", "failed", 0},
	} {
		var metric dto.Metric
		if err := m.pushes.WithLabelValues(tc.kind, tc.result).Write(&metric); err != nil {
			t.Fatal(err)
		}
		if got := metric.GetCounter().GetValue(); got != tc.want {
			t.Errorf("%s %s: %v, want %v", tc.kind, tc.result, got, tc.want)
		}
	}
	var none *Metrics
	none.count("full", nil)
}

func TestBackoff(t *testing.T) {
	f := New(Options{MinBackoff: 100 * time.Millisecond, MaxBackoff: 2 * time.Second, CheckInterval: 10 * time.Second})
	defer f.Close()
	w := &worker{fleet: f}
	within := func(failures int, low, high time.Duration) {
		t.Helper()
		distinct := map[time.Duration]bool{}
		for range 200 {
			d := w.pause(failures)
			if d < low || d > high {
				t.Fatalf("after %d failures the pause is %v, want %v to %v", failures, d, low, high)
			}
			distinct[d] = true
		}
		if len(distinct) < 100 {
			t.Errorf("after %d failures there are %d pauses in 200: workers would come back together", failures, len(distinct))
		}
	}
	within(0, 8*time.Second, 12*time.Second)
	within(1, 50*time.Millisecond, 150*time.Millisecond)
	within(2, 100*time.Millisecond, 300*time.Millisecond)
	within(5, 800*time.Millisecond, 2400*time.Millisecond)
	within(6, time.Second, 3*time.Second)
	within(1000, time.Second, 3*time.Second)
}
