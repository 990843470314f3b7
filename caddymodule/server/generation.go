// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// settle is how long a server that is about to stop waits for connections that
// were accepted, and for what is on the wire to them, to be read: once
// http.Server.Shutdown has begun, net/http drops a request that it reads on an
// accepted connection (golang/go#75591).
const settle = 250 * time.Millisecond

// generation is the http.Server that serves the connections a socket accepts
// while its settings stay the same.
type generation struct {
	group
	settings settings
	handler  http.Handler
	server   *http.Server
	conns    *handoff
	logger   *zap.Logger
	// served is closed when the server has stopped taking connections.
	served chan struct{}
}

// settings are what an http.Server can't change while it runs. Comparable.
type settings struct {
	tls                  bool
	clients              admission
	maxHeaderBytes       int
	maxConcurrentStreams int
	headerTimeout        time.Duration
	idleTimeout          time.Duration
}

// covers reports whether connections of a generation with other settings may go on to
// be used: what clear text was promised must not be had from the open connections of
// a listener that is HTTPS now, nor the reverse, and what only some clients may have
// not from those of others.
func (s *settings) covers(other *settings) bool {
	return s.tls == other.tls && s.clients.covers(other.clients)
}

func newGeneration(s settings, addr net.Addr, handler http.Handler, tlsConfig *tls.Config, logger *zap.Logger) *generation {
	g := &generation{
		group:    newGroup(),
		settings: s,
		handler:  handler,
		conns:    newHandoff(addr),
		logger:   logger,
		served:   make(chan struct{}),
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(s.tls)
	protocols.SetUnencryptedHTTP2(!s.tls)
	g.server = &http.Server{
		Handler:           g,
		Protocols:         &protocols,
		ReadHeaderTimeout: s.headerTimeout,
		IdleTimeout:       s.idleTimeout,
		MaxHeaderBytes:    s.maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: s.maxConcurrentStreams},
		TLSConfig:         tlsConfig,
		ErrorLog:          log.New(&errorLog{logger}, "", 0),
		// "OPTIONS *" is for the routes to answer, or not, as any other request.
		DisableGeneralOptionsHandler: true,
	}
	return g
}

// ServeHTTP implements http.Handler. Of a revoked generation a request that is under
// way goes on, and others are to be sent on another connection (RFC 9110, 15.5.20).
func (g *generation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.revoked.Load() {
		g.handler.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close") // GOAWAY in HTTP/2
	w.WriteHeader(http.StatusMisdirectedRequest)
}

// serve returns when the handoff is closed.
func (g *generation) serve() {
	defer close(g.served)
	var err error
	if g.settings.tls {
		err = g.server.ServeTLS(g.conns, "", "")
	} else {
		err = g.server.Serve(g.conns)
	}
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		g.logger.Error("serving ended", zap.Error(err))
	}
}

// take hands a connection that has begun to be read to the server.
func (g *generation) take(a *arrival) bool {
	g.add(a.conn)
	if !g.conns.give(a.replayed()) {
		g.remove(a.conn)
		return false
	}
	a.conn.move(&g.group)
	return true
}

// goesOn implements party.
func (g *generation) goesOn(under *front) bool {
	return under.http != nil && under.http.settings.covers(&g.settings)
}

// retire stops taking connections. Those that are open are served as before.
func (g *generation) retire() {
	g.conns.Close()
	<-g.served
}

// shutdown retires the generation, answers what was asked, and closes its
// connections as they become idle. It returns when only hijacked ones are left,
// or with the error of ctx.
func (g *generation) shutdown(ctx context.Context) error {
	g.retire()
	// Answers say "Connection: close" from now on, which loses nothing; idle
	// connections are closed.
	g.server.SetKeepAlivesEnabled(false)
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-g.quiet():
	case <-timer.C:
	case <-ctx.Done():
	}
	return g.server.Shutdown(ctx)
}

// end shuts the generation down, and cuts what HTTP it still serves when ctx ends.
func (g *generation) end(ctx context.Context) {
	if err := g.shutdown(ctx); err != nil {
		g.logger.Warn("cutting requests that did not end in time", zap.Int("connections", g.count()), zap.Error(err))
		_ = g.server.Close() // reports the errors of closing connections
	}
}

// cut closes every connection, hijacked ones included.
func (g *generation) cut() {
	_ = g.server.Close() // reports the errors of closing connections
	g.group.cut()
}
