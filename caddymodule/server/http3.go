// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"go.uber.org/zap"

	"github.com/kubera-dev/kubera/caddymodule/http3server"
)

// yieldUDP gives up the sockets of HTTP/3 whose ports others are about to bind. If it
// does not come to that, they are bound again.
func (s *Set) yieldUDP(addresses map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for address, socket := range s.sockets {
		if h := socket.http3.Load(); h != nil && addresses[address] {
			h.Yield()
		}
	}
}

// applyHTTP3 serves HTTP/3 at the socket if spec wants it. Called with mu held.
func (s *Set) applyHTTP3(at *socket, spec *socketSpec) {
	h := at.http3.Load()
	if !spec.http3 {
		if h != nil {
			at.http3.Store(nil)
			s.background.Go(func() { s.endHTTP3(h) })
		}
		return
	}
	if h == nil {
		if h = at.newHTTP3(s.opts.BindHost); h == nil {
			return
		}
		at.http3.Store(h)
	}
	h.Serve(spec.http.http3(spec.maxConnections), s.opts.CloseTimeout)
}

func (s *Set) endHTTP3(h *http3server.Server) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.CloseTimeout)
	defer cancel()
	h.Shutdown(ctx)
	h.Close()
}

func (s *socket) newHTTP3(bindHost string) *http3server.Server {
	bind, err := hostPort(s.address, bindHost)
	if err != nil { // then there would be no socket
		s.logger.Error("can't serve HTTP/3", zap.Error(err))
		return nil
	}
	return http3server.New(http3server.Options{Bind: bind, Handler: s.serves.http, TLS: s.tls.config(), Logger: s.logger})
}

// http3 is how HTTP/3 is served beside an HTTPS listener with the settings.
func (s *settings) http3(maxConnections int) http3server.Spec {
	clients := s.clients
	return http3server.Spec{
		Settings: http3server.Settings{
			MaxHeaderBytes: s.maxHeaderBytes, MaxStreams: s.maxConcurrentStreams, IdleTimeout: s.idleTimeout,
		},
		MaxConnections: maxConnections,
		Rule:           clients,
		GoesOn: func(rule any) bool {
			before, ok := rule.(admission)
			return ok && clients.covers(before)
		},
	}
}

// endHTTP3 ends what HTTP/3 the socket serves, as shutdown does for TCP.
func (s *socket) endHTTP3(ctx context.Context) {
	if h := s.http3.Load(); h != nil {
		h.Shutdown(ctx)
	}
}

func (s *socket) cutHTTP3() {
	if h := s.http3.Load(); h != nil {
		h.Close()
	}
}
