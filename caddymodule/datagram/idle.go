// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import "container/heap"

// idleHeap has the session that was idle longest on top, as far as is known: sessions
// are not moved with each datagram, but when they are asked for.
type idleHeap []*session

// oldest returns the session that was idle longest, nil if there is none. Its place is
// then that of the last datagram.
func (h *idleHeap) oldest() *session {
	for len(*h) > 0 {
		s := (*h)[0]
		active := s.active.Load()
		if active == s.placed {
			return s
		}
		s.placed = active
		heap.Fix(h, 0)
	}
	return nil
}

// Len implements heap.Interface.
func (h idleHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h idleHeap) Less(i, j int) bool { return h[i].placed < h[j].placed }

// Swap implements heap.Interface.
func (h idleHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *idleHeap) Push(x any) {
	s := x.(*session)
	s.index = len(*h)
	*h = append(*h, s)
}

// Pop implements heap.Interface.
func (h *idleHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return s
}
