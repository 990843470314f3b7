// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// measured are the sockets as metrics show them. Called with mu held, of a Set that
// serves specs.
func (s *Set) measured(specs map[string]*socketSpec) []metrics.Socket {
	all := make([]metrics.Socket, 0, len(specs))
	for address, spec := range specs {
		at := s.sockets[address]
		of := metrics.Socket{Gateway: spec.gateway, Address: address, Transport: metrics.TCP, Limit: spec.maxConnections, Open: at.open}
		all = append(all, of)
		if h := at.http3.Load(); h != nil {
			of.Transport, of.Open = metrics.QUIC, h.Open
			all = append(all, of)
		}
	}
	return all
}

// open counts the connections of the socket, hijacked ones included. It may be called
// at any time.
func (s *socket) open() int {
	n := s.arrivals.count()
	for _, p := range s.parties() {
		n += p.members().count()
	}
	return n
}

// expiries of the listeners of cfg that have certificates.
func expiries(cfg *config.Config, secure map[string]*secureListener) []metrics.Expiry {
	var all []metrics.Expiry
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		of, ok := secure[l.ID]
		if !ok || len(of.certs) == 0 {
			continue
		}
		first := of.certs[0].Leaf
		for _, c := range of.certs[1:] {
			if c.Leaf.NotAfter.Before(first.NotAfter) {
				first = c.Leaf
			}
		}
		all = append(all, metrics.Expiry{Gateway: l.Gateway, Listener: l.ID, NotBefore: first.NotBefore, NotAfter: first.NotAfter})
	}
	return all
}
