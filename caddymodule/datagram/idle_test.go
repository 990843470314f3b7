// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"container/heap"
	"math/rand/v2"
	"testing"
)

// Whatever order things are sent in, the oldest is the one with the least time.
func TestOldest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h idleHeap
	var all []*session
	for now := range int64(5000) {
		switch rng.IntN(4) {
		case 0:
			s := &session{placed: now}
			s.active.Store(now)
			heap.Push(&h, s)
			all = append(all, s)
		case 1, 2:
			if len(all) > 0 {
				all[rng.IntN(len(all))].active.Store(now)
			}
		case 3:
			s := h.oldest()
			if len(all) == 0 {
				if s != nil {
					t.Fatal("there is one in an empty heap")
				}
				continue
			}
			at := 0
			for i := range all {
				if all[i].active.Load() < all[at].active.Load() {
					at = i
				}
			}
			if s.active.Load() != all[at].active.Load() {
				t.Fatalf("%d instead of %d", s.active.Load(), all[at].active.Load())
			}
			for i := range all {
				if all[i] == s {
					at = i
				}
			}
			heap.Remove(&h, s.index)
			all[at] = all[len(all)-1]
			all = all[:len(all)-1]
		}
	}
}
