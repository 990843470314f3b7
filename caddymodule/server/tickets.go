// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/rand"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

const (
	// ticketKeyLife is how long new session tickets are made with one key.
	ticketKeyLife = 24 * time.Hour
	// ticketKeysKept bounds how long a session can be resumed, since tickets of
	// an older key are not understood: two to three days.
	ticketKeysKept = 3
)

// ticketKeys are the session ticket keys of one listener, the newest first. The
// keys that crypto/tls makes by itself won't do: they live and die with one
// tls.Config, and are shared by all that a GetConfigForClient returns, so that a
// session made with one listener could be resumed with another.
//
// A session carries who the client was found to be. So the keys are also made anew
// when the rule changes by which clients are let in: what was let in by another is
// verified again.
type ticketKeys [][32]byte

// listenerTickets are the keys of a listener while it lets clients in by one rule, to
// speak one protocol.
type listenerTickets struct {
	keys     ticketKeys
	clients  admission
	protocol config.Protocol
}

// rotate returns the keys after one more is made. It doesn't change k, which a
// tls.Config may hold.
func (k ticketKeys) rotate() ticketKeys {
	var fresh [32]byte
	_, _ = rand.Read(fresh[:]) // never fails, see its documentation
	next := append(ticketKeys{fresh}, k...)
	return next[:min(len(next), ticketKeysKept)]
}

// setListeners gives every listener its session ticket keys.
func (s *Set) setListeners(listeners map[string]*secureListener) {
	s.listeners = listeners
	for id := range s.tickets {
		if listeners[id] == nil {
			delete(s.tickets, id)
		}
	}
	for id, l := range listeners {
		t, ok := s.tickets[id]
		if !ok || t.clients != l.clients || t.protocol != l.protocol {
			t = listenerTickets{ticketKeys(nil).rotate(), l.clients, l.protocol}
			s.tickets[id] = t
		}
		if l.config != refuseHandshake {
			l.config.SetSessionTicketKeys(t.keys)
		}
	}
}

func (s *Set) rotateTickets() {
	ticker := time.NewTicker(ticketKeyLife)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.rotateTicketKeys()
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Set) rotateTicketKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.tickets {
		s.tickets[id] = listenerTickets{t.keys.rotate(), t.clients, t.protocol}
	}
	s.setListeners(s.listeners)
}
