// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 800},
		{4 << 20, 800},
		{8 << 20, 400},
		{32 << 20, 100},
		{1 << 30, 100},
	} {
		if got := percentFor(test.live); got != test.want {
			t.Errorf("percentFor(%d MiB) = %d; want %d", test.live>>20, got, test.want)
		}
	}
}

func TestDiffers(t *testing.T) {
	for _, test := range []struct {
		next, current int
		want          bool
	}{
		{100, 100, false},
		{110, 100, false},
		{90, 100, false},
		{120, 100, true},
		{100, 800, true},
	} {
		if got := differs(test.next, test.current); got != test.want {
			t.Errorf("differs(%d, %d) = %v", test.next, test.current, got)
		}
	}
}

func gcPercent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// awaitPercent collects until the percentage is as wanted: cleanups run some
// time after the collection that found them.
func awaitPercent(t *testing.T, what string, ok func(uint64) bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok(gcPercent()) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: the percentage is %d", what, gcPercent())
		}
		runtime.GC()
		runtime.Gosched()
	}
}

func TestGiveHeadroomFollowsTheLiveHeap(t *testing.T) {
	t.Cleanup(func() { debug.SetGCPercent(defaultPercent) })
	t.Setenv("GOGC", "")
	giveHeadroom()
	awaitPercent(t, "with little live", func(p uint64) bool { return p > 200 })
	live := make([]byte, 2*heapHeadroom)
	awaitPercent(t, "with much live", func(p uint64) bool { return p == defaultPercent })
	runtime.KeepAlive(live)
	awaitPercent(t, "with little live again", func(p uint64) bool { return p > 200 })
}

func TestGiveHeadroomHeedsGOGC(t *testing.T) {
	before := gcPercent()
	t.Setenv("GOGC", "50")
	giveHeadroom()
	if got := gcPercent(); got != before {
		t.Errorf("the percentage went from %d to %d; want it left alone", before, got)
	}
}
