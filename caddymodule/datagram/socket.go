// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// epoch is what times are counted from.
var epoch = time.Now()

// clock is the time in nanoseconds since epoch. It never goes back.
func clock() int64 { return int64(time.Since(epoch)) }

// socket is the sockets of one address, which share its sessions among them.
type socket struct {
	quiet    time.Duration
	logger   *zap.Logger
	listener atomic.Pointer[listener]
	shards   []*shard
	sessions atomic.Int64 // of all shards
	draining atomic.Bool

	// changed wakes sweep: the idle timeout may be another.
	changed chan struct{}
	// ended wakes empty: the last session may be gone.
	ended chan struct{}

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// newSocket serves l by sockets that are open.
func newSocket(opts *Options, address string, l *listener, conns []*conn) *socket {
	s := &socket{
		quiet:   opts.quiet,
		logger:  opts.Logger.With(zap.String("address", address)),
		changed: make(chan struct{}, 1),
		ended:   make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.listener.Store(l)
	for _, c := range conns {
		s.shards = append(s.shards, &shard{socket: s, conn: c, sessions: map[key]*session{}})
	}
	for _, sh := range s.shards {
		s.running.Go(sh.serve)
	}
	s.running.Go(s.sweep)
	return s
}

// apply goes on by l.
func (s *socket) apply(l *listener) {
	s.listener.Store(l)
	s.review()
	signal(s.changed)
}

// review ends sessions whose route or backend is gone, and parts those whose endpoint
// is gone from it. Sessions that begin at the same time know what is new already: they
// ask for it under the lock that is taken here.
func (s *socket) review() {
	l := s.listener.Load()
	addresses := map[string]map[string]struct{}{}
	for _, r := range l.routes {
		for _, share := range r.shares {
			if share.upstream != nil {
				addresses[share.backend] = share.upstream.Addresses()
			}
		}
	}
	for _, sh := range s.shards {
		sh.review(l, addresses)
	}
}

// reserve takes a place for a session, if there is one.
func (s *socket) reserve() bool {
	if s.sessions.Add(1) <= s.listener.Load().maxSessions {
		return true
	}
	s.sessions.Add(-1)
	return false
}

// release gives a place back.
func (s *socket) release() {
	if s.sessions.Add(-1) == 0 {
		signal(s.ended)
	}
}

// evict ends the session that was idle longest.
func (s *socket) evict() {
	var oldest *shard
	least := int64(math.MaxInt64)
	for _, sh := range s.shards {
		if at, ok := sh.idleSince(); ok && at < least {
			oldest, least = sh, at
		}
	}
	if oldest != nil {
		oldest.evict()
	}
}

// sweep ends idle sessions in time.
func (s *socket) sweep() {
	for {
		idle := s.listener.Load().idle
		if s.draining.Load() {
			idle = min(idle, s.quiet)
		}
		timer := time.NewTimer(max(idle/2, time.Millisecond))
		select {
		case <-timer.C:
			for _, sh := range s.shards {
				sh.expire(clock() - int64(idle))
			}
		case <-s.changed:
			timer.Stop()
		case <-s.ctx.Done():
			timer.Stop()
			return
		}
	}
}

// drain begins no more sessions.
func (s *socket) drain() {
	s.draining.Store(true)
	signal(s.changed)
}

// empty waits until there is no session, or ctx ends.
func (s *socket) empty(ctx context.Context) {
	for s.sessions.Load() > 0 {
		select {
		case <-s.ended:
		case <-ctx.Done():
			return
		}
	}
}

// close ends all sessions and returns when no goroutine is left.
func (s *socket) close(why metrics.SessionEnd) {
	s.cancel()
	for _, sh := range s.shards {
		sh.close(why)
	}
	s.running.Wait()
}

func (s *socket) drop(why metrics.Drop, datagrams int) {
	if datagrams > 0 {
		s.listener.Load().drops.Count(why, datagrams)
	}
}

// signal wakes who waits for c, now or when it next does.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
