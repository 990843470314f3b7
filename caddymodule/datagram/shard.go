// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"container/heap"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// retryAfter is when a socket is read again that has failed.
const retryAfter = 100 * time.Millisecond

// shard is one socket of an address and the sessions of the clients that the kernel
// hands to it.
type shard struct {
	socket *socket
	conn   *conn

	mu       sync.Mutex
	closed   bool
	sessions map[key]*session
	byIdle   idleHeap
	ended    []*session // to be logged when mu is free
}

// serve forwards what clients send until close.
func (sh *shard) serve() {
	defer sh.conn.close()
	for {
		err := sh.conn.receive(sh.handle)
		if stopped(err) {
			return
		}
		sh.socket.logger.Error("receiving failed, trying again", zap.Error(err), zap.Duration("after", retryAfter))
		timer := time.NewTimer(retryAfter)
		select {
		case <-timer.C:
		case <-sh.socket.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// handle forwards a batch. Datagrams of one client that came in a row are sent in one go.
func (sh *shard) handle(b *batch) {
	now := clock()
	sh.mu.Lock()
	defer sh.unlock()
	for i := 0; i < b.n; {
		first, k := i, b.key(i)
		for i++; i < b.n && b.key(i) == k; i++ {
		}
		s := sh.sessions[k]
		if s == nil {
			if s = sh.open(k, i-first); s == nil {
				continue
			}
		}
		s.active.Store(now)
		s.forward(b, first, i)
	}
}

// open begins a session of a client of whom there are some datagrams. It returns nil if
// it can't, having counted them. It needs mu, which it gives up for a while if another
// session has to give way.
func (sh *shard) open(k key, datagrams int) *session {
	for {
		l := sh.socket.listener.Load()
		switch {
		case sh.closed:
			return nil
		case len(l.routes) == 0:
			sh.socket.drop(metrics.NoRoute, datagrams)
			return nil
		case sh.socket.draining.Load():
			sh.socket.drop(metrics.Draining, datagrams)
			return nil
		case sh.socket.reserve():
			s := newSession(sh, k, l)
			sh.sessions[k] = s
			heap.Push(&sh.byIdle, s)
			return s
		}
		sh.unlock()
		sh.socket.evict()
		sh.mu.Lock()
	}
}

// end needs mu.
func (sh *shard) end(s *session, why metrics.SessionEnd) {
	delete(sh.sessions, s.key)
	heap.Remove(&sh.byIdle, s.index)
	s.disconnect()
	s.numbers.Ended(why)
	if s.listener.log != nil {
		s.why = why
		sh.ended = append(sh.ended, s)
	}
	sh.socket.release()
}

// unlock gives mu up and logs the sessions that ended: whoever reads the log may be
// slow, and must not stop those who need the lock.
func (sh *shard) unlock() {
	ended := sh.ended
	sh.ended = nil
	sh.mu.Unlock()
	for _, s := range ended {
		s.log()
	}
}

// review is socket.review for the sessions of the shard. addresses are those of the
// endpoints, by backend.
func (sh *shard) review(l *listener, addresses map[string]map[string]struct{}) {
	sh.mu.Lock()
	defer sh.unlock()
	for _, s := range sh.sessions {
		r := l.route(s.route)
		if r == nil {
			sh.end(s, metrics.SessionRemoved)
			continue
		}
		share, ok := r.share(s.share.backend)
		if !ok {
			sh.end(s, metrics.SessionRemoved)
			continue
		}
		s.share = share
		if s.link == nil {
			continue
		}
		if _, ok := addresses[share.backend][s.link.endpoint.Address()]; !ok {
			s.disconnect()
		}
	}
}

// idleSince is the last time that something was sent in the session that was idle
// longest, and false without sessions.
func (sh *shard) idleSince() (int64, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s := sh.byIdle.oldest(); s != nil {
		return s.placed, true
	}
	return 0, false
}

// evict ends the session that was idle longest.
func (sh *shard) evict() {
	sh.mu.Lock()
	defer sh.unlock()
	if s := sh.byIdle.oldest(); s != nil {
		sh.end(s, metrics.SessionEvicted)
	}
}

// expire ends the sessions in which nothing was sent since a time.
func (sh *shard) expire(since int64) {
	sh.mu.Lock()
	defer sh.unlock()
	for s := sh.byIdle.oldest(); s != nil && s.placed <= since; s = sh.byIdle.oldest() {
		sh.end(s, metrics.SessionIdle)
	}
}

// close ends the sessions, and has serve end.
func (sh *shard) close(why metrics.SessionEnd) {
	sh.mu.Lock()
	defer sh.unlock()
	sh.closed = true
	sh.conn.stop()
	for _, s := range sh.sessions {
		sh.end(s, why)
	}
}
