// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"
	"time"
)

func TestSockets(t *testing.T) {
	t.Parallel()
	m := New()
	open := 3
	socket := Socket{Gateway: "a/web", Address: ":443", Transport: TCP, Limit: 10, Open: func() int { return open }}
	udp := socket
	udp.Transport, udp.Limit = QUIC, 0
	m.UseSockets(&Sockets{
		Sockets:  []Socket{socket, udp},
		Expiries: []Expiry{{Gateway: "a/web", Listener: "a/web/\xff", NotBefore: time.Unix(5e8, 0), NotAfter: time.Unix(1e9, 0)}},
	})
	prefixes := []string{"connections", "listener_certificate", "control_certificate"}
	expect(t, shown(t, m, prefixes...),
		`connections_limit{address=":443",gateway="a/web",transport="tcp"} 10`,
		`connections{address=":443",gateway="a/web",transport="quic"} 3`,
		`connections{address=":443",gateway="a/web",transport="tcp"} 3`,
		"listener_certificate_expiry_timestamp_seconds{gateway=\"a/web\",listener=\"a/web/\uFFFD\"} 1e+09",
		"listener_certificate_not_before_timestamp_seconds{gateway=\"a/web\",listener=\"a/web/\uFFFD\"} 5e+08",
	)
	// The series go with what they are about.
	open = 4
	m.UseSockets(&Sockets{Sockets: []Socket{udp}})
	m.SetControlExpiry(time.Unix(2e9, 0))
	expect(t, shown(t, m, prefixes...),
		`connections{address=":443",gateway="a/web",transport="quic"} 4`,
		"control_certificate_expiry_timestamp_seconds 2e+09",
	)
}
