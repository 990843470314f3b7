// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Options of a Server. All are required.
type Options struct {
	// Bind is the host:port of the socket.
	Bind string
	// Handler serves the requests, which have TLS and the protocol HTTP/3.0.
	Handler http.Handler
	// TLS chooses by GetConfigForClient, whose results are not changed.
	TLS    *tls.Config
	Logger *zap.Logger
}

// Spec is how connections are served that are made from now on.
type Spec struct {
	Settings
	// MaxConnections that are open; others are refused. 0: no bound.
	MaxConnections int
	// Rule is what clients are let in by. Comparable.
	Rule any
	// GoesOn says whether the connections that were let in by another rule may go on.
	// Of those that may not, requests under way do.
	GoesOn func(rule any) bool
}

// Settings of connections. Comparable.
type Settings struct {
	// MaxHeaderBytes of a request; a longer header is answered with 431.
	MaxHeaderBytes int
	// MaxStreams that are open in a connection.
	MaxStreams int
	// IdleTimeout closes connections without requests under way.
	IdleTimeout time.Duration
}

// Server serves at one address. Its methods are safe for concurrent use, but Serve must
// not follow Shutdown or Close.
type Server struct {
	opts Options
	// retry is how soon a socket is tried again that could not be bound.
	retry time.Duration

	load           load
	maxConnections atomic.Int64
	current        atomic.Pointer[generation]

	mu      sync.Mutex
	socket  *socket // nil if none is bound
	trying  bool    // to bind one, in the background
	stopped bool    // none is to be bound any more
	// retired generations get no new connections and have some left.
	retired map[*generation]struct{}

	connections sync.WaitGroup
	background  sync.WaitGroup
	ctx         context.Context
	cancel      context.CancelFunc
}

// New returns a Server that opens nothing before the first Serve. Close ends it.
func New(opts Options) *Server {
	s := &Server{opts: opts, retry: time.Second, retired: map[*generation]struct{}{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve serves new connections by a spec. Connections that may not go on have until the
// timeout to end their requests.
func (s *Server) Serve(spec Spec, timeout time.Duration) {
	s.maxConnections.Store(int64(spec.MaxConnections))
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	if old == nil || old.settings != spec.Settings || old.rule != spec.Rule {
		s.current.Store(s.newGeneration(spec))
		if old != nil {
			s.retire(old)
		}
	}
	for g := range s.retired {
		if !spec.GoesOn(g.rule) && g.revoked.CompareAndSwap(false, true) {
			s.background.Go(func() {
				ctx, cancel := context.WithTimeout(s.ctx, timeout)
				defer cancel()
				g.end(ctx)
			})
		}
	}
	s.bind()
}

// retire is called with mu held.
func (s *Server) retire(g *generation) {
	if g.retire() {
		g.close()
		return
	}
	s.retired[g] = struct{}{}
}

// forget ends a retired generation whose last connection has gone.
func (s *Server) forget(g *generation) {
	g.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.retired, g)
}

// bind opens the socket, or sees to it that it is tried again. Called with mu held.
func (s *Server) bind() {
	if s.socket != nil || s.trying {
		return
	}
	err := s.tryBind()
	if err == nil {
		return
	}
	s.opts.Logger.Warn("can't serve HTTP/3 yet, trying again", zap.String("address", s.opts.Bind), zap.Error(err))
	s.keepTrying()
}

// tryBind is called with mu held.
func (s *Server) tryBind() error {
	socket, err := s.listen()
	if err != nil {
		return err
	}
	s.socket = socket
	s.background.Go(func() { s.accept(socket) })
	return nil
}

// keepTrying is called with mu held.
func (s *Server) keepTrying() {
	s.trying = true
	s.background.Go(func() {
		ticker := time.NewTicker(s.retry)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-s.ctx.Done():
				return
			}
			if s.tryAgain() {
				return
			}
		}
	})
}

// tryAgain returns true if there is no need to do so once more.
func (s *Server) tryAgain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return true
	}
	if s.tryBind() != nil {
		return false
	}
	s.trying = false
	s.opts.Logger.Info("serving HTTP/3", zap.String("address", s.opts.Bind))
	return true
}

// Yield closes the socket with all connections, for somebody else who is to get its
// port. It is bound again later, unless the Server is closed before.
func (s *Server) Yield() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == nil {
		return
	}
	s.socket.stopAccepting()
	for _, g := range s.generations() {
		for _, c := range g.connections() {
			c.cut()
		}
	}
	s.socket.close()
	s.socket = nil
	if !s.stopped {
		s.keepTrying()
	}
}

// Addr is the address of the socket, nil while there is none.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket == nil {
		return nil
	}
	return s.socket.udp.LocalAddr()
}

// Open counts the connections that are open, those that are still in the handshake
// included.
func (s *Server) Open() int { return int(s.load.connections.Load()) }

// Shutdown takes no more connections, tells clients to begin no other request (GOAWAY),
// and returns when the connections have ended. Those that are left when ctx ends are
// cut. Close has still to follow.
func (s *Server) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.stopped = true
	if s.socket != nil {
		s.socket.stopAccepting()
	}
	generations := s.generations()
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, g := range generations {
		wg.Go(func() { g.end(ctx) })
	}
	wg.Wait()
}

// generations is called with mu held.
func (s *Server) generations() []*generation {
	all := slices.Collect(maps.Keys(s.retired))
	if g := s.current.Load(); g != nil {
		all = append(all, g)
	}
	return all
}

// Close cuts all connections, closes the socket, and returns when no goroutine is left.
func (s *Server) Close() {
	s.cancel()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(ended)
	s.mu.Lock()
	if s.socket != nil {
		s.socket.close()
		s.socket = nil
	}
	s.mu.Unlock()
	s.connections.Wait()
	s.background.Wait()
}
