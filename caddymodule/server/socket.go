// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// emptying is how long a socket that is about to close goes on accepting: what
// is in the accept queue when a socket is closed is reset by the kernel.
const emptying = 50 * time.Millisecond

// socket is one listening TCP socket and the servers of its connections.
type socket struct {
	address string // the key of the socket, see config.Listener.BindAddress
	ln      *net.TCPListener
	handler http.Handler
	logger  *zap.Logger

	tls     tlsTable
	proxy   atomic.Pointer[proxyProtocol]
	limiter *limiter
	current atomic.Pointer[generation]

	stopping atomic.Bool
	// closed is closed when the socket is, and everything accepted was handed on.
	closed chan struct{}

	mu sync.Mutex
	// retired generations have connections left.
	retired map[*generation]struct{}
}

func newSocket(address string, ln *net.TCPListener, handler http.Handler, logger *zap.Logger) *socket {
	return &socket{
		address: address,
		ln:      ln,
		handler: handler,
		logger:  logger.With(zap.String("address", address)),
		limiter: newLimiter(),
		closed:  make(chan struct{}),
		retired: map[*generation]struct{}{},
	}
}

// apply makes the socket serve new connections by spec. The first call begins
// accepting. Calls must not overlap. What it returns are generations whose connections
// must be ended; nothing new is served on them any more.
func (s *socket) apply(spec *socketSpec) (ending []*generation) {
	s.tls.store(spec.tls)
	s.proxy.Store(spec.proxy)
	s.limiter.setLimit(spec.maxConnections)

	old := s.current.Load()
	if old != nil && old.settings == spec.settings {
		return nil
	}
	next := newGeneration(spec.settings, s.ln.Addr(), s.handler, s.tls.config(), s.logger)
	go next.serve(s.logger)
	s.current.Store(next)
	if old == nil {
		go s.accept()
		return nil
	}
	s.keep(old)
	ending = s.revoke(&spec.settings)
	old.retire()
	s.prune(old)
	return ending
}

// revoke finds the generations that new settings don't cover, and that were covered
// until now.
func (s *socket) revoke(now *settings) (revoked []*generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range s.retired {
		if !now.covers(&g.settings) && g.revoked.CompareAndSwap(false, true) {
			revoked = append(revoked, g)
		}
	}
	return revoked
}

func (s *socket) keep(g *generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired[g] = struct{}{}
}

// prune forgets a retired generation that has no connection left.
func (s *socket) prune(g *generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.count() == 0 {
		delete(s.retired, g)
	}
}

// accept runs until the socket is closed.
func (s *socket) accept() {
	defer close(s.closed)
	defer s.ln.Close()
	var pause time.Duration
	for {
		s.limiter.acquire()
		c, err := s.ln.AcceptTCP()
		if err == nil {
			pause = 0
			s.hand(c)
			continue
		}
		s.limiter.release()
		if s.stopping.Load() || errors.Is(err, net.ErrClosed) {
			return
		}
		// Out of file descriptors, most likely. Others may free some.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.logger.Error("accepting failed, trying again", zap.Error(err), zap.Duration("after", pause))
		time.Sleep(pause)
	}
}

// hand gives a connection, which has a place of the limiter, to the current generation.
func (s *socket) hand(tcp *net.TCPConn) {
	for {
		g := s.current.Load()
		c := &conn{TCPConn: tcp, ended: func(c *conn) {
			s.limiter.release()
			if g.remove(c) {
				s.prune(g)
			}
		}}
		// Before the server has it, since the server may close it at once.
		g.add(c)
		if g.conns.give(s.proxy.Load().wrap(c)) {
			return
		}
		// The settings were changed in between.
		g.remove(c)
	}
}

// stopAccepting returns when nothing is accepted any more.
func (s *socket) stopAccepting() {
	if s.stopping.CompareAndSwap(false, true) {
		s.limiter.lift()
		if s.current.Load() == nil { // never began
			s.ln.Close()
			close(s.closed)
			return
		}
		if err := s.ln.SetDeadline(time.Now().Add(emptying)); err != nil {
			s.ln.Close()
		}
	}
	<-s.closed
}

// shutdown stops accepting and ends all connections. Those that are not done
// when ctx ends are cut, hijacked ones only by cut.
func (s *socket) shutdown(ctx context.Context) {
	s.stopAccepting()
	var wg sync.WaitGroup
	for _, g := range s.generations() {
		wg.Go(func() { s.end(ctx, g) })
	}
	wg.Wait()
}

// end shuts a generation down, and cuts what HTTP it still serves when ctx ends.
func (s *socket) end(ctx context.Context, g *generation) {
	if err := g.shutdown(ctx); err != nil {
		s.logger.Warn("cutting requests that did not end in time", zap.Int("connections", g.count()), zap.Error(err))
		_ = g.server.Close() // reports the errors of closing connections
	}
}

// cut closes all connections at once.
func (s *socket) cut() {
	for _, g := range s.generations() {
		g.cut()
	}
}

// quiet waits until no connection is open, hijacked ones included.
func (s *socket) quiet(ctx context.Context) {
	for _, g := range s.generations() {
		select {
		case <-g.quiet():
		case <-ctx.Done():
		}
	}
}

func (s *socket) generations() []*generation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*generation, 0, len(s.retired)+1)
	for g := range s.retired {
		all = append(all, g)
	}
	if g := s.current.Load(); g != nil {
		all = append(all, g)
	}
	return all
}
