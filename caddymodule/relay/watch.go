// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"fmt"
	"sync"
	"time"
)

// watch cuts a pair on which nothing moves.
type watch struct {
	relay   *relay
	timeout time.Duration

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
	seen    progress
}

// progress is how much has moved. What the kernel counts comes first, as the other
// counters stand still while it moves a lot at once to somebody who reads slowly.
type progress struct {
	client, endpoint uint64
	up, down         int64
}

func newWatch(r *relay, timeout time.Duration) *watch {
	w := &watch{relay: r, timeout: timeout}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = w.progress()
	w.timer = time.AfterFunc(timeout, w.look)
	return w
}

func (w *watch) progress() progress {
	r := w.relay
	return progress{carried(r.client.TCP), carried(r.endpoint.TCP), r.up.moved.Load(), r.down.moved.Load()}
}

// look runs once per timeout.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	now := w.progress()
	if now == w.seen {
		w.relay.cut(Idle, fmt.Errorf("nothing was sent for %s", w.timeout))
		return
	}
	w.seen = now
	w.timer.Reset(w.timeout)
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}
