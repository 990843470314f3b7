// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	tcpConnectionsDesc = describe("tcp_connections",
		"Open connections of TLS and TCP listeners.", "gateway", "listener", "route")
	tcpOpenedDesc = describe("tcp_connections_opened_total",
		"Connections of TLS and TCP listeners that began.", "gateway", "listener", "route")
	tcpEndedDesc = describe("tcp_connections_ended_total",
		"Connections of TLS and TCP listeners that ended, by what became of them.", "gateway", "listener", "route", "outcome")
	tcpBytesDesc = describe("tcp_bytes_total",
		"Bytes carried on connections of TLS and TCP listeners: received from clients, or sent to them.",
		"gateway", "listener", "route", "direction")
)

// ConnectionEnd is what became of a connection of a TLS or TCP listener. Each has one.
type ConnectionEnd int

// The ends of connections.
const (
	// ConnectionCompleted: both sides have ended it.
	ConnectionCompleted ConnectionEnd = iota
	// ConnectionReset: a side has reset it, or failed otherwise.
	ConnectionReset
	// ConnectionRefused: there is no endpoint for it, or none could be connected to, or its
	// share of the route could not be resolved.
	ConnectionRefused
	// ConnectionUnrouted: no route takes it.
	ConnectionUnrouted
	// ConnectionTimeout: nothing was sent for the idle timeout.
	ConnectionTimeout
	// ConnectionCut: its listener is gone, or the proxy stops.
	ConnectionCut

	connectionEnds int = iota
)

var connectionEndLabels = [connectionEnds]string{"completed", "reset", "refused", "no_route", "timeout", "cut"}

// String is the value of the label.
func (e ConnectionEnd) String() string { return connectionEndLabels[e] }

// Connections counts the connections of a route on a TLS or TCP listener. Its methods
// are safe for concurrent use, and allocate nothing.
type Connections struct {
	active         atomic.Int64
	opened         atomic.Uint64
	ended          [connectionEnds]atomic.Uint64
	received, sent atomic.Uint64
}

// Opened counts a connection that begins. Each Opened is followed by one Ended, of the
// same Connections.
func (c *Connections) Opened() {
	c.active.Add(1)
	c.opened.Add(1)
}

// Ended counts a connection that ends.
func (c *Connections) Ended(how ConnectionEnd) {
	c.active.Add(-1)
	c.ended[how].Add(1)
}

// Received counts bytes from clients that were passed on.
func (c *Connections) Received(n int64) { c.received.Add(uint64(n)) }

// Sent counts bytes that were sent to clients.
func (c *Connections) Sent(n int64) { c.sent.Add(uint64(n)) }

func (c *Connections) collect(ch chan<- prometheus.Metric, key routeKey) {
	labels := []string{key.gateway, key.listener, key.route}
	ch <- gauge(tcpConnectionsDesc, &c.active, labels...)
	ch <- counter(tcpOpenedDesc, &c.opened, labels...)
	for i := range c.ended {
		ch <- counter(tcpEndedDesc, &c.ended[i], append(labels, connectionEndLabels[i])...)
	}
	ch <- counter(tcpBytesDesc, &c.received, append(labels, directionLabels[Received])...)
	ch <- counter(tcpBytesDesc, &c.sent, append(labels, directionLabels[Sent])...)
}

// Connections returns the numbers of a route on a TLS or TCP listener. For connections
// that no route takes, route is empty.
func (s *Set) Connections(gateway, listener, route string) *Connections {
	var old map[routeKey]*Connections
	if s.old != nil {
		old = s.old.connections
	}
	key := routeKey{label(gateway), label(listener), label(route)}
	return obtain(s.connections, old, key, func() *Connections { return &Connections{} })
}
