// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "testing"

func TestConnections(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	c := s.Connections(gw, "default/web/db", "TCPRoute/default/db")
	m.Use(s)
	for how := range ConnectionEnd(connectionEnds) {
		for range how + 1 {
			c.Opened()
			c.Ended(how)
		}
	}
	c.Opened()
	c.Received(10)
	c.Received(5)
	c.Sent(7)
	const labels = `gateway="default/web",listener="default/web/db"`
	const route = `route="TCPRoute/default/db"`
	want := []string{
		`tcp_bytes_total{direction="received",` + labels + `,` + route + `} 15`,
		`tcp_bytes_total{direction="sent",` + labels + `,` + route + `} 7`,
		`tcp_connections_ended_total{` + labels + `,outcome="completed",` + route + `} 1`,
		`tcp_connections_ended_total{` + labels + `,outcome="cut",` + route + `} 6`,
		`tcp_connections_ended_total{` + labels + `,outcome="no_route",` + route + `} 4`,
		`tcp_connections_ended_total{` + labels + `,outcome="refused",` + route + `} 3`,
		`tcp_connections_ended_total{` + labels + `,outcome="reset",` + route + `} 2`,
		`tcp_connections_ended_total{` + labels + `,outcome="timeout",` + route + `} 5`,
		`tcp_connections_opened_total{` + labels + `,` + route + `} 22`,
		`tcp_connections{` + labels + `,` + route + `} 1`,
	}
	expect(t, shown(t, m, "tcp_"), want...)

	// They go on where the next configuration has them, and are gone where it has not.
	next := m.NewSet()
	if next.Connections(gw, "default/web/db", "TCPRoute/default/db") != c {
		t.Error("what both sets have is not the same")
	}
	m.Use(next)
	expect(t, shown(t, m, "tcp_"), want...)
	m.Use(m.NewSet())
	expect(t, shown(t, m, "tcp_"))
}

func TestConnectionsAllocateNothing(t *testing.T) {
	s := New().NewSet()
	c := s.Connections(gw, listener, "a")
	if n := testing.AllocsPerRun(100, func() {
		c.Opened()
		c.Received(1)
		c.Sent(1)
		c.Ended(ConnectionCompleted)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
