// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"

	"github.com/kubera-dev/kubera/caddymodule/router"
)

// handler serves the requests of one socket.
type handler struct {
	engine  *Engine
	address string
}

// ServeHTTP implements http.Handler. It ends with a panic of
// http.ErrAbortHandler where a response has to be cut.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(h.engine, w, r)
	if h.engine.draining.Load() {
		w.Header()["Connection"] = connectionClose
	}
	x.serve(h.engine.table.Load().sockets[h.address])
	cut := x.cut
	x.release()
	if cut {
		panic(http.ErrAbortHandler)
	}
}

var connectionClose = []string{"close"}

// serve finds the listener and the rule of the request.
func (x *exchange) serve(s *socket) {
	r := x.r
	if s == nil {
		x.refuse(http.StatusNotFound, "no listener")
		return
	}
	if r.Host == "" {
		x.refuse(http.StatusBadRequest, "the request names no host")
		return
	}
	host := router.NormalizeHost(r.Host)
	l, ok := s.listeners.Lookup(host)
	if s.tls && r.TLS != nil {
		if name := router.NormalizeHost(r.TLS.ServerName); name != host {
			// The certificate and the client authentication of the listener that
			// was chosen by SNI do not speak for another one (GEP-3567).
			if other, _ := s.listeners.Lookup(name); other != l {
				x.listener = other
				x.refuse(http.StatusMisdirectedRequest, "the connection was made for another host")
				return
			}
		}
	}
	if !ok {
		x.refuse(http.StatusNotFound, "no listener has this host")
		return
	}
	x.listener = l
	x.route(host)
}

// route finds the rule and does what it says.
func (x *exchange) route(host string) {
	r := x.r
	switch {
	case r.Method == http.MethodConnect:
		x.refuse(http.StatusNotImplemented, "the proxy opens no tunnels")
		return
	case r.RequestURI == "*":
		// A ping of the server itself (RFC 9110, 9.3.7).
		x.status = http.StatusOK
		x.w.Header()["Content-Length"] = []string{"0"}
		x.w.WriteHeader(http.StatusOK)
		return
	}
	path, ok := x.normalizePath()
	if !ok {
		x.refuse(http.StatusBadRequest, "the path leads above the root")
		return
	}
	x.lookup.Host, x.lookup.Path, x.lookup.Method = host, path, r.Method
	x.lookup.Header, x.lookup.RawQuery = r.Header, r.URL.RawQuery
	found, ok := x.listener.rules.Lookup(&x.lookup)
	if !ok {
		x.refuse(http.StatusNotFound, "no route matches")
		return
	}
	x.rule = found.Value
	x.apply()
}

// apply runs the filters of the rule, chooses a backend and forwards.
func (x *exchange) apply() {
	if x.rule.errorStatus != 0 {
		x.refuse(x.rule.errorStatus, "the rule can't be honoured")
		return
	}
	share := x.rule.choose()
	if share == nil || share.backend == nil {
		x.refuse(http.StatusInternalServerError, "the rule has no valid backend")
		return
	}
	x.forward(share)
}
