// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import "sync"

// limiter bounds how many connections of a socket are open.
type limiter struct {
	mu    sync.Mutex
	freed *sync.Cond
	limit int // 0: none
	open  int
	// lifted lets everybody in: the socket is about to close and empties its queue.
	lifted bool
}

func newLimiter() *limiter {
	l := &limiter{}
	l.freed = sync.NewCond(&l.mu)
	return l
}

// acquire waits for a place.
func (l *limiter) acquire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.limit > 0 && l.open >= l.limit && !l.lifted {
		l.freed.Wait()
	}
	l.open++
}

func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	l.freed.Signal()
}

// setLimit changes the bound. Connections beyond a lower one stay open.
func (l *limiter) setLimit(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limit = n
	l.freed.Broadcast()
}

func (l *limiter) lift() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lifted = true
	l.freed.Broadcast()
}
