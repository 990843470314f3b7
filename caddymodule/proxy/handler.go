// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/clientaddr"
	"github.com/kubera-dev/kubera/caddymodule/filter"
	"github.com/kubera-dev/kubera/caddymodule/router"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
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
	s := h.engine.table.Load().sockets[h.address]
	x.serve(s)
	switch {
	case x.metrics != nil:
	case x.listener != nil:
		x.count(x.listener.unmatched)
	case s != nil:
		x.count(s.refused)
	}
	x.report()
	cut := x.cut
	x.release()
	if cut {
		abort(w, r)
	}
}

// serve finds the listener and the rule of the request.
func (x *exchange) serve(s *socket) {
	r := x.r
	if s == nil {
		x.refuse(http.StatusNotFound, "no listener")
		return
	}
	if wrong := malformed(r); wrong != "" {
		x.refuse(http.StatusBadRequest, wrong)
		return
	}
	host := router.NormalizeHost(r.Host)
	l, ok := s.listeners.Lookup(host)
	if s.tls && r.TLS != nil {
		if name := router.NormalizeHost(r.TLS.ServerName); name != host {
			// The certificate and the client authentication of the listener that
			// was chosen by SNI do not speak for another one (GEP-3567).
			if other, _ := s.listeners.Lookup(name); other != l {
				x.enter(other)
				if ok {
					x.refuse(http.StatusMisdirectedRequest, "the connection was made for another host")
				} else {
					// Another connection would do no better: Listener.hostname demands 404.
					x.refuse(http.StatusNotFound, "no listener has this host")
				}
				return
			}
		}
	}
	if !ok {
		x.refuse(http.StatusNotFound, "no listener has this host")
		return
	}
	x.enter(l)
	if l.foreign {
		x.refuse(http.StatusMisdirectedRequest, "the listener of this host is not for HTTP")
		return
	}
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
		x.answer(&filter.Answer{Status: http.StatusOK})
		return
	}
	path, ok := x.normalizePath()
	if !ok {
		x.refuse(http.StatusBadRequest, "the path leads above the root")
		return
	}
	x.lookup.Host, x.lookup.Path, x.lookup.Method = host, path, r.Method
	x.lookup.Header, x.lookup.RawQuery = r.Header, r.URL.RawQuery
	found, ok := x.find()
	if !ok {
		x.refuse(http.StatusNotFound, "no route matches")
		return
	}
	x.rule = found.Value.rule
	x.count(found.Value.metrics)
	x.apply(found.Prefix)
}

// find returns the rule for the request. A preflight speaks for the request that
// comes after it: it belongs to the rule for that, if that has CORS, whichever
// method it matches.
func (x *exchange) find() (router.Result[binding], bool) {
	rules := x.listener.rules
	if x.listener.cors {
		if method, ok := filter.Preflight(x.r); ok {
			x.lookup.Method = method
			if found, ok := rules.Lookup(&x.lookup); ok && found.Value.rule.cors {
				return found, true
			}
			x.lookup.Method = x.r.Method
		}
	}
	return rules.Lookup(&x.lookup)
}

// apply runs the filters of the rule, chooses a backend, runs the filters of that,
// and forwards.
func (x *exchange) apply(prefix string) {
	if x.rule.errorStatus != 0 {
		status := x.rule.errorStatus
		x.rule = &rule{route: x.rule.route, name: x.rule.name} // its filters are not to be trusted
		x.refuse(status, "the route is not valid")
		return
	}
	x.receive(prefix)
	if answer := x.rule.filters.Request(&x.filtering); answer != nil {
		x.answer(answer)
		return
	}
	x.share = x.rule.choose()
	if x.share == nil || !x.share.backend.resolved() {
		x.refuse(http.StatusInternalServerError, "the route has no valid backend")
		return
	}
	if answer := x.share.filters.Request(&x.filtering); answer != nil {
		x.answer(answer)
		return
	}
	x.forward()
}

// receive takes from the request what is not to be sent on, and gives it to the
// filters.
func (x *exchange) receive(prefix string) {
	r := x.r
	x.remember()
	client := x.listener.gateway.clients.Resolve(r)
	info := clientaddr.Info{Scheme: "http", Host: r.Host, Port: x.listener.port}
	if r.TLS != nil {
		info.Scheme = "https"
	}
	x.filtering = filter.Context{
		Request: r, Client: client.Addr, Prefix: prefix,
		Scheme: info.Scheme, Host: info.Host, ListenerPort: info.Port,
	}
	if r.ProtoMajor == 1 && r.ProtoMinor > 0 { // HTTP/1.0 knows none (RFC 9110, 7.8)
		x.request.Upgrade = upgradeType(r.Header)
	}
	trailers := wantsTrailers(r.Header)
	upstream.StripHopByHop(r.Header)
	delete(r.Header, "Host") // a field beside :authority in HTTP/2
	delete(r.Header, "Trailer")
	delete(r.Header, "Content-Length") // in HTTP/2 net/http leaves it there
	if trailers {
		r.Header["Te"] = teTrailers
	}
	x.listener.gateway.clients.SetForwarded(r.Header, client, info)
	x.span.Put(r.Header)
}

var teTrailers = []string{"trailers"}

func wantsTrailers(h http.Header) bool {
	for _, v := range h["Te"] {
		for coding := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(coding), "trailers") {
				return true
			}
		}
	}
	return false
}
