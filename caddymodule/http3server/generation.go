// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"go.uber.org/zap"
)

// generation has the connections that were let in while settings and rule stayed the
// same.
type generation struct {
	settings Settings
	rule     any
	quic     *quic.Config
	handler  http.Handler
	logger   *zap.Logger
	server   *http3.Server
	conns    handoff
	// served is closed when the server takes no more connections.
	served chan struct{}
	// revoked is set when the connections must not be used any more.
	revoked atomic.Bool

	// starting are connections that the server was given and may not know yet.
	starting sync.WaitGroup

	mu      sync.Mutex
	open    map[*connection]struct{}
	retired bool // another gets the connections that begin
	ending  bool // nobody gets any
}

func (s *Server) newGeneration(spec Spec) *generation {
	g := &generation{
		settings: spec.Settings,
		rule:     spec.Rule,
		quic: &quic.Config{
			HandshakeIdleTimeout: handshakeTimeout,
			MaxIdleTimeout:       spec.IdleTimeout,
			MaxIncomingStreams:   int64(spec.MaxStreams),
		},
		handler: s.opts.Handler,
		logger:  s.opts.Logger,
		conns:   make(handoff),
		served:  make(chan struct{}),
		open:    map[*connection]struct{}{},
	}
	g.server = &http3.Server{
		Handler:        g,
		MaxHeaderBytes: spec.MaxHeaderBytes,
		IdleTimeout:    spec.IdleTimeout,
		ConnContext:    g.started,
	}
	go g.serve()
	return g
}

// serve runs until end or close.
func (g *generation) serve() {
	defer close(g.served)
	if err := g.server.ServeListener(g.conns); !errors.Is(err, http.ErrServerClosed) {
		g.logger.Error("serving HTTP/3 ended", zap.Error(err))
	}
}

// ServeHTTP implements http.Handler.
func (g *generation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c.begin()
	defer c.finish()
	defer g.recover()
	r.Proto = "HTTP/3.0" // where a CONNECT names another
	switch {
	case g.revoked.Load():
		misdirected(w)
	case !settleBody(r):
		panic(http.ErrAbortHandler) // the client is gone
	default:
		g.handler.ServeHTTP(w, r)
	}
}

// recover logs a fault of the handler, as net/http would.
func (g *generation) recover() {
	fault := recover()
	if fault == nil {
		return
	}
	if err, ok := fault.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		g.logger.Error("handler panicked", zap.Any("detail", fault), zap.ByteString("stack", debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// add returns false if no connections are taken any more.
func (g *generation) add(c *connection) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ending || g.retired {
		return false
	}
	g.open[c] = struct{}{}
	return true
}

// remove says whether it was the last of a retired generation.
func (g *generation) remove(c *connection) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c)
	return g.retired && len(g.open) == 0
}

// retire makes the generation take no more connections, and says whether it has none.
func (g *generation) retire() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.retired = true
	return len(g.open) == 0
}

// give hands a connection to the server. It returns false if that is about to stop.
func (g *generation) give(conn *quic.Conn) bool {
	g.mu.Lock()
	if g.ending {
		g.mu.Unlock()
		return false
	}
	g.starting.Add(1)
	g.mu.Unlock()
	g.conns <- conn
	return true
}

// started is called when the server has begun to serve a connection.
func (g *generation) started(ctx context.Context, _ *quic.Conn) context.Context {
	g.starting.Done()
	return ctx
}

// end tells clients to go, and returns when they have. Those that are left when ctx
// ends are cut.
func (g *generation) end(ctx context.Context) {
	for _, c := range g.stop() {
		c.end()
	}
	// What a server is given while it stops it may forget.
	g.starting.Wait()
	if err := g.server.Shutdown(ctx); err != nil {
		g.logger.Warn("connections of HTTP/3 did not end in time and were cut", zap.Error(err))
	}
	for _, c := range g.stop() {
		c.cut()
	}
	<-g.served
}

// close is end for a generation without connections.
func (g *generation) close() {
	_ = g.server.Close() // there is nothing to close
	<-g.served
}

// stop returns the connections, which become no more.
func (g *generation) stop() []*connection {
	g.mu.Lock()
	g.ending = true
	g.mu.Unlock()
	return g.connections()
}

func (g *generation) connections() []*connection {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make([]*connection, 0, len(g.open))
	for c := range g.open {
		open = append(open, c)
	}
	return open
}

// handoff is the http3.QUICListener of connections that are accepted by somebody else.
type handoff chan *quic.Conn

// Accept implements http3.QUICListener.
func (h handoff) Accept(ctx context.Context) (*quic.Conn, error) {
	select {
	case c := <-h:
		return c, nil
	case <-ctx.Done():
		return nil, quic.ErrServerClosed
	}
}

// Close implements http3.QUICListener.
func (handoff) Close() error { return nil }

// Addr implements http3.QUICListener.
func (handoff) Addr() net.Addr { return &net.UDPAddr{} }
