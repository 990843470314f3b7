// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	udpSessionsDesc = describe("udp_sessions",
		"Clients of UDP that have a session.", "gateway", "listener", "route")
	udpOpenedDesc = describe("udp_sessions_opened_total",
		"Sessions of UDP that began.", "gateway", "listener", "route")
	udpEndedDesc = describe("udp_sessions_ended_total",
		"Sessions of UDP that ended, by what became of them.", "gateway", "listener", "route", "outcome")
	udpDatagramsDesc = describe("udp_datagrams_total",
		"Datagrams forwarded: received from clients, or sent to them.", "gateway", "listener", "route", "direction")
	udpBytesDesc = describe("udp_bytes_total",
		"Bytes in the datagrams forwarded: received from clients, or sent to them.", "gateway", "listener", "route", "direction")
	udpDroppedDesc = describe("udp_datagrams_dropped_total",
		"Datagrams that were not forwarded, by the reason.", "gateway", "listener", "reason")
)

// SessionEnd is why a session of UDP ended. Each has one.
type SessionEnd int

// The reasons why sessions end.
const (
	// SessionIdle: nothing was sent either way for long enough.
	SessionIdle SessionEnd = iota
	// SessionEvicted: it was idle longest when another one needed its place.
	SessionEvicted
	// SessionRemoved: its route, its backend or its listener is gone.
	SessionRemoved
	// SessionShutdown: the proxy stops.
	SessionShutdown

	sessionEnds int = iota
)

var sessionEndLabels = [sessionEnds]string{"idle", "evicted", "removed", "shutdown"}

// String is the value of the label.
func (e SessionEnd) String() string { return sessionEndLabels[e] }

// Drop is why a datagram was not forwarded.
type Drop int

// The reasons why datagrams are dropped.
const (
	// NoRoute: no route is attached to the listener.
	NoRoute Drop = iota
	// InvalidBackend: the session's share of the route could not be resolved, or no
	// backend has a weight.
	InvalidBackend
	// NoEndpoint: the session's backend has none, or its name was not found.
	NoEndpoint
	// Full: the process has no socket for another session, or too much came before
	// the session could be connected.
	Full
	// TooBig: it is longer than can be received, or than can be sent at once.
	TooBig
	// SendError: the network did not take it.
	SendError
	// Draining: it would begin a session, and the proxy stops.
	Draining

	drops int = iota
)

var dropLabels = [drops]string{
	"no_route", "invalid_backend", "no_endpoint", "full", "too_big", "send_error", "draining",
}

// Direction of a datagram.
type Direction int

// The directions.
const (
	// Received from a client.
	Received Direction = iota
	// Sent to a client.
	Sent

	directions int = iota
)

var directionLabels = [directions]string{"received", "sent"}

// Sessions counts the sessions of a route on a UDP listener. Its methods are safe for
// concurrent use, and allocate nothing.
type Sessions struct {
	active    atomic.Int64
	opened    atomic.Uint64
	ended     [sessionEnds]atomic.Uint64
	datagrams [directions]atomic.Uint64
	bytes     [directions]atomic.Uint64
}

// Opened counts a session that begins. Each Opened is followed by one Ended, of the
// same Sessions.
func (s *Sessions) Opened() {
	s.active.Add(1)
	s.opened.Add(1)
}

// Ended counts a session that ends.
func (s *Sessions) Ended(why SessionEnd) {
	s.active.Add(-1)
	s.ended[why].Add(1)
}

// Forwarded counts datagrams and the bytes in them.
func (s *Sessions) Forwarded(d Direction, datagrams, bytes int) {
	s.datagrams[d].Add(uint64(datagrams))
	s.bytes[d].Add(uint64(bytes))
}

func (s *Sessions) collect(ch chan<- prometheus.Metric, key routeKey) {
	labels := []string{key.gateway, key.listener, key.route}
	ch <- gauge(udpSessionsDesc, &s.active, labels...)
	ch <- counter(udpOpenedDesc, &s.opened, labels...)
	for i := range s.ended {
		ch <- counter(udpEndedDesc, &s.ended[i], append(labels, sessionEndLabels[i])...)
	}
	for i := range s.datagrams {
		ch <- counter(udpDatagramsDesc, &s.datagrams[i], append(labels, directionLabels[i])...)
		ch <- counter(udpBytesDesc, &s.bytes[i], append(labels, directionLabels[i])...)
	}
}

// Drops counts the datagrams of a listener that were not forwarded. Its methods are
// safe for concurrent use, and allocate nothing.
type Drops struct{ reasons [drops]atomic.Uint64 }

// Count counts datagrams.
func (d *Drops) Count(why Drop, datagrams int) { d.reasons[why].Add(uint64(datagrams)) }

func (d *Drops) collect(ch chan<- prometheus.Metric, key listenerKey) {
	for i := range d.reasons {
		ch <- counter(udpDroppedDesc, &d.reasons[i], key.gateway, key.listener, dropLabels[i])
	}
}

type listenerKey struct{ gateway, listener string }

// DatagramSet holds the series of the UDP listeners of one configuration, by the rules
// of a Set. It is another set since the sockets of UDP are changed after requests are.
type DatagramSet struct {
	old      *DatagramSet // nil once in use
	sessions map[routeKey]*Sessions
	drops    map[listenerKey]*Drops
}

// NewDatagramSet returns an empty set, whose series continue those now in use.
func (m *Metrics) NewDatagramSet() *DatagramSet {
	return &DatagramSet{
		old: m.datagrams.Load(), sessions: map[routeKey]*Sessions{}, drops: map[listenerKey]*Drops{},
	}
}

// UseDatagrams shows the series of s and no others, as Use does.
func (m *Metrics) UseDatagrams(s *DatagramSet) {
	s.old = nil
	m.datagrams.Store(s)
}

// Sessions returns the numbers of a route on a listener.
func (s *DatagramSet) Sessions(gateway, listener, route string) *Sessions {
	var old map[routeKey]*Sessions
	if s.old != nil {
		old = s.old.sessions
	}
	key := routeKey{label(gateway), label(listener), label(route)}
	return obtain(s.sessions, old, key, func() *Sessions { return &Sessions{} })
}

// Drops returns the numbers of a listener.
func (s *DatagramSet) Drops(gateway, listener string) *Drops {
	var old map[listenerKey]*Drops
	if s.old != nil {
		old = s.old.drops
	}
	return obtain(s.drops, old, listenerKey{label(gateway), label(listener)}, func() *Drops { return &Drops{} })
}

// collect may be called for nil, which has nothing.
func (s *DatagramSet) collect(ch chan<- prometheus.Metric) {
	if s == nil {
		return
	}
	for key, n := range s.sessions {
		n.collect(ch, key)
	}
	for key, n := range s.drops {
		n.collect(ch, key)
	}
}
