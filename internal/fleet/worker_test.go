// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"testing"
	"time"
)

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
