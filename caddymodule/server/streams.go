// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// handshakeTimeout bounds a TLS handshake, once the hello has come.
const handshakeTimeout = 10 * time.Second

// streamKind is what a listener of connections does with them.
type streamKind uint8

const (
	kindTCP streamKind = iota
	kindPassthrough
	kindTerminate
)

// streamSpec is what a configuration wants of a TCP or TLS listener.
type streamSpec struct {
	id   string
	kind streamKind
	// secure is set where TLS is terminated.
	secure *secureListener
}

func (s *streamSpec) admits() admission {
	if s.secure == nil {
		return admission{}
	}
	return s.secure.clients
}

// streamListener has the connections of a TCP or TLS listener that were let in by one
// rule.
type streamListener struct {
	group
	id      string
	kind    streamKind
	clients admission
	handler stream.Handler
	logger  *zap.Logger
	// retired is set when others get the new connections.
	retired atomic.Bool
	// tls is for the next handshake; nil where TLS is not terminated.
	tls atomic.Pointer[tls.Config]
	// ctx ends when the connections are cut.
	ctx    context.Context
	cancel context.CancelFunc
}

func newStreamListener(spec *streamSpec, handler stream.Handler, logger *zap.Logger) *streamListener {
	l := &streamListener{
		group:   newGroup(),
		id:      spec.id,
		kind:    spec.kind,
		clients: spec.admits(),
		handler: handler,
		logger:  logger.With(zap.String("listener", spec.id)),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// fits reports whether new connections by the spec can be among those of l.
func (l *streamListener) fits(spec *streamSpec) bool {
	return l.kind == spec.kind && l.clients == spec.admits()
}

// goesOn implements party.
func (l *streamListener) goesOn(under *front) bool {
	now := under.streams[l.id]
	return now != nil && now.kind == l.kind && now.clients.covers(l.clients)
}

// retire implements party.
func (l *streamListener) retire() { l.retired.Store(true) }

// take serves a connection, and returns when it is over.
func (l *streamListener) take(a *arrival) bool {
	c := a.conn
	l.add(c)
	if l.retired.Load() { // and perhaps forgotten

		l.remove(c)
		return false
	}
	c.move(&l.group)
	defer c.Close()
	defer l.recover()
	if served := l.open(a); served != nil {
		l.handler.ServeStream(l.ctx, served)
	}
	return true
}

// recover does what net/http does for requests: a fault that one connection meets is
// not the end of the others.
func (l *streamListener) recover() {
	if fault := recover(); fault != nil {
		l.logger.Error("handler panicked", zap.Any("detail", fault), zap.ByteString("stack", debug.Stack()))
	}
}

// open returns the connection as its handler gets it, nil if it does not come to that.
func (l *streamListener) open(a *arrival) *stream.Conn {
	served := &stream.Conn{
		TCP:        a.conn.TCPConn,
		Listener:   l.id,
		ServerName: a.name,
		Client:     addrPort(a.client),
		Local:      addrPort(a.local),
		Accepted:   a.accepted,
	}
	head := a.head
	a.head = nil // or it would be kept for as long as the connection is open
	if l.kind != kindTerminate {
		served.Prefix = head
		return served
	}
	session, err := l.handshake(a.conn.TCPConn, head)
	if err != nil {
		l.logger.Debug("closing a connection", zap.Stringer("client", a.client), zap.Error(err))
		return nil
	}
	// The rule by which it was let in may have changed meanwhile.
	if l.revoked.Load() {
		return nil
	}
	served.TLS = session
	return served
}

func (l *streamListener) handshake(c net.Conn, head []byte) (*tls.Conn, error) {
	session := tls.Server(&replayed{Conn: c, head: head, client: c.RemoteAddr(), local: c.LocalAddr()}, l.tls.Load())
	if err := within(handshakeTimeout, c, session.Handshake); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return session, nil
}

// end waits for the connections to end by themselves, and cuts them when ctx ends:
// nothing in them says where it would be good to stop.
func (l *streamListener) end(ctx context.Context) {
	select {
	case <-l.quiet():
		return
	case <-ctx.Done():
	}
	if n := l.count(); n > 0 {
		l.logger.Warn("cutting connections that did not end in time", zap.Int("connections", n))
	}
	l.cut()
}

// cut implements party. It resets the connections: what is not complete must not look as
// if it were.
func (l *streamListener) cut() {
	l.cancel()
	for _, c := range l.connections() {
		_ = c.SetLinger(0) // fails where the connection is closed already
		_ = c.Close()
	}
}
