// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"sync"
)

// Streams are the upgraded connections of the process, so that they can be ended
// in an orderly way. The zero value is ready for use. Safe for concurrent use.
type Streams struct {
	mu     sync.Mutex
	open   map[*tunnel]struct{}
	closed bool
	empty  chan struct{} // closed when there are none, set while Close waits
}

// add returns false once the streams are closed.
func (s *Streams) add(t *tunnel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = map[*tunnel]struct{}{}
	}
	s.open[t] = struct{}{}
	return true
}

func (s *Streams) remove(t *tunnel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, t)
	if len(s.open) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// Close waits until ctx is done or all streams have ended, and then ends those
// that are left: a WebSocket with a close frame (1001, going away) to both sides
// and up to a second for their answers, any other by closing it. It returns the
// cause of ctx if it had to end any. Streams begun afterwards are ended at once.
// To be called once.
func (s *Streams) Close(ctx context.Context) error {
	s.mu.Lock()
	if len(s.open) == 0 {
		s.closed = true
		s.mu.Unlock()
		return nil
	}
	empty := make(chan struct{})
	s.empty = empty
	s.mu.Unlock()

	select {
	case <-empty:
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.closed = true
	s.empty = nil
	left := make([]*tunnel, 0, len(s.open))
	for t := range s.open {
		left = append(left, t)
	}
	s.mu.Unlock()
	if len(left) == 0 {
		return nil
	}
	var wg sync.WaitGroup
	for _, t := range left {
		wg.Go(t.end)
	}
	wg.Wait()
	return context.Cause(ctx)
}
