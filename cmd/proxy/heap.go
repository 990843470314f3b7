// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// heapHeadroom is what may be allocated between two garbage collections,
	// however little is live. A proxy keeps a few megabytes and allocates some
	// kilobytes for each request: with the default of the runtime, which is to let
	// the heap double, it would collect ten times a second and more.
	heapHeadroom = 32 << 20
	// smallestLive is what the runtime takes for the least live heap.
	smallestLive = 4 << 20
	// defaultPercent is GOGC where nobody sets it.
	defaultPercent = 100
)

// giveHeadroom makes heapHeadroom hold from now on. GOGC, if set, is heeded
// instead. A memory limit goes before the headroom.
func giveHeadroom() {
	if os.Getenv("GOGC") == "" {
		pace(defaultPercent)
	}
}

// pace sets the percentage that goes with the live heap, and again after each
// collection, when the live heap is known anew.
func pace(current int) {
	if next := percentFor(liveHeap()); differs(next, current) {
		debug.SetGCPercent(next) // stops the world, if for a moment
		current = next
	}
	// Unreachable at once, so that its cleanup runs after the next collection. A
	// pointer in it keeps it from sharing a block with other small objects.
	collected := &struct{ self *byte }{}
	runtime.AddCleanup(collected, pace, current)
}

// percentFor is the growth of the heap that makes room for heapHeadroom, and at
// least the default one.
func percentFor(live uint64) int {
	return max(defaultPercent, int(heapHeadroom*100/max(live, smallestLive)))
}

// differs tells a change from noise.
func differs(a, b int) bool { return max(a-b, b-a) > b/8 }

// liveHeap is what the last collection left, in bytes.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
