// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	clientConnectionsDesc = describe("connections",
		"Open connections of clients, upgraded ones included.", "gateway", "address", "transport")
	connectionsLimitDesc = describe("connections_limit",
		"How many connections of clients may be open. There only where there is a bound.", "gateway", "address", "transport")
	listenerExpiryDesc = describe("listener_certificate_expiry_timestamp_seconds",
		"When the first of a listener's certificates expires.", "gateway", "listener")
	listenerNotBeforeDesc = describe("listener_certificate_not_before_timestamp_seconds",
		"From when on that certificate is valid.", "gateway", "listener")
	controlExpiryDesc = describe("control_certificate_expiry_timestamp_seconds",
		"When the certificate of the control port expires.")
)

// Transport of the connections of clients.
type Transport string

// The transports.
const (
	TCP  Transport = "tcp"
	QUIC Transport = "quic"
)

// Socket is one that clients connect to.
type Socket struct {
	// Gateway is an ID of the configuration.
	Gateway string
	// Address is that of the socket in the configuration, ":443". No other socket has
	// the same Address and Transport.
	Address   string
	Transport Transport
	// Limit is how many connections may be open, 0 for no bound.
	Limit int
	// Open counts the connections that are. It is called at each collection.
	Open func() int
}

// Expiry is the life of the one of a listener's certificates that expires first.
type Expiry struct {
	// Gateway and Listener are IDs of the configuration.
	Gateway, Listener string
	// NotBefore and NotAfter bound the time in which it is valid.
	NotBefore, NotAfter time.Time
}

// Sockets are the sockets and certificates of one configuration.
type Sockets struct {
	Sockets  []Socket
	Expiries []Expiry
}

// UseSockets shows the series of s and no others. s must not be changed afterwards.
func (m *Metrics) UseSockets(s *Sockets) { m.sockets.Store(s) }

// SetControlExpiry says when the certificate of the control port expires. There is no
// series before.
func (m *Metrics) SetControlExpiry(notAfter time.Time) { m.controlExpiry.Store(&notAfter) }

// collect may be called for nil, which has nothing.
func (s *Sockets) collect(ch chan<- prometheus.Metric) {
	if s == nil {
		return
	}
	for _, socket := range s.Sockets {
		labels := []string{label(socket.Gateway), label(socket.Address), string(socket.Transport)}
		ch <- prometheus.MustNewConstMetric(clientConnectionsDesc, prometheus.GaugeValue, float64(socket.Open()), labels...)
		if socket.Limit > 0 {
			ch <- prometheus.MustNewConstMetric(connectionsLimitDesc, prometheus.GaugeValue, float64(socket.Limit), labels...)
		}
	}
	for _, e := range s.Expiries {
		labels := []string{label(e.Gateway), label(e.Listener)}
		ch <- timestamp(listenerExpiryDesc, e.NotAfter, labels...)
		ch <- timestamp(listenerNotBeforeDesc, e.NotBefore, labels...)
	}
}

func timestamp(d *prometheus.Desc, at time.Time, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(at.Unix()), labels...)
}
