// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import "github.com/kubera-dev/kubera/caddymodule/router"

// apply makes the socket serve new connections by spec. The first call begins
// accepting. Calls must not overlap. What it returns are parties whose connections
// must be ended; nothing new is served on them any more.
func (s *socket) apply(spec *socketSpec) (ending []party) {
	s.tls.store(spec.tls)
	s.limiter.setLimit(spec.maxConnections)

	old := s.front.Load()
	if old == nil {
		old = &front{}
		defer func() { go s.accept() }()
	}
	next := s.nextFront(spec, old)
	s.front.Store(next)

	var replaced []party
	for _, p := range old.parties() {
		if !next.has(p) {
			replaced = append(replaced, p)
		}
	}
	s.keep(replaced)
	ending = s.revoke(next)
	for _, p := range replaced {
		p.retire()
		s.prune(p)
	}
	return ending
}

// nextFront returns what spec wants, with what of the old front can stay.
func (s *socket) nextFront(spec *socketSpec, old *front) *front {
	next := &front{proxy: spec.proxy, streams: make(map[string]*streamListener, len(spec.streams))}
	if spec.http != nil {
		if next.http = old.http; next.http == nil || next.http.settings != *spec.http {
			next.http = s.newGeneration(*spec.http)
		}
	}
	for i := range spec.streams {
		want := &spec.streams[i]
		l := old.streams[want.id]
		if l == nil || !l.fits(want) {
			l = s.newStreamListener(want)
		}
		if want.secure != nil {
			l.tls.Store(want.secure.config)
		}
		next.streams[want.id] = l
		if want.kind == kindTCP {
			next.tcp = l
		}
	}
	if spec.names != nil {
		names := make(map[string]taker, len(spec.names))
		for hostname, id := range spec.names {
			if l := next.streams[id]; l != nil {
				names[hostname] = l
			} else {
				names[hostname] = next.http
			}
		}
		next.names = router.NewHosts(names)
	}
	return next
}

func (s *socket) newGeneration(of settings) *generation {
	g := newGeneration(of, s.ln.Addr(), s.serves.http, s.tls.config(), s.logger)
	g.emptied = func() { s.prune(g) }
	go g.serve()
	return g
}

func (s *socket) newStreamListener(spec *streamSpec) *streamListener {
	l := newStreamListener(spec, s.serves.streams, s.logger)
	l.emptied = func() { s.prune(l) }
	return l
}

// revoke finds the retired parties whose connections may not go on by a new front, and
// might until now.
func (s *socket) revoke(now *front) (revoked []party) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.retired {
		if !p.goesOn(now) && p.members().revoked.CompareAndSwap(false, true) {
			revoked = append(revoked, p)
		}
	}
	return revoked
}

func (s *socket) keep(replaced []party) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range replaced {
		s.retired[p] = struct{}{}
	}
}

// prune forgets a retired party that has no connection left.
func (s *socket) prune(p party) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.members().count() == 0 {
		delete(s.retired, p)
	}
}
