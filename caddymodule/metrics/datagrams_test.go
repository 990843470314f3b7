// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestSessionsAndDrops(t *testing.T) {
	m := New()
	set := m.NewDatagramSet()
	sessions, drops := set.Sessions("test/gw", "test/gw/dns", "UDPRoute/test/dns"), set.Drops("test/gw", "test/gw/dns")
	m.UseDatagrams(set)
	for range 4 {
		sessions.Opened()
	}
	sessions.Ended(SessionIdle)
	sessions.Ended(SessionEvicted)
	sessions.Forwarded(Received, 2, 300)
	sessions.Forwarded(Sent, 1, 70)
	drops.Count(NoEndpoint, 3)

	// The next configuration has the same and goes on with the numbers.
	next := m.NewDatagramSet()
	if next.Sessions("test/gw", "test/gw/dns", "UDPRoute/test/dns") != sessions || next.Drops("test/gw", "test/gw/dns") != drops {
		t.Error("the series begin anew")
	}
	m.UseDatagrams(next)

	const labels = `gateway="test/gw",listener="test/gw/dns"`
	const route = labels + `,route="UDPRoute/test/dns"`
	want := `
# HELP kubera_proxy_udp_bytes_total Bytes in the datagrams forwarded: received from clients, or sent to them.
# TYPE kubera_proxy_udp_bytes_total counter
kubera_proxy_udp_bytes_total{direction="received",` + route + `} 300
kubera_proxy_udp_bytes_total{direction="sent",` + route + `} 70
# HELP kubera_proxy_udp_datagrams_dropped_total Datagrams that were not forwarded, by the reason.
# TYPE kubera_proxy_udp_datagrams_dropped_total counter
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="draining"} 0
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="full"} 0
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="invalid_backend"} 0
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="no_endpoint"} 3
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="no_route"} 0
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="send_error"} 0
kubera_proxy_udp_datagrams_dropped_total{` + labels + `,reason="too_big"} 0
# HELP kubera_proxy_udp_datagrams_total Datagrams forwarded: received from clients, or sent to them.
# TYPE kubera_proxy_udp_datagrams_total counter
kubera_proxy_udp_datagrams_total{direction="received",` + route + `} 2
kubera_proxy_udp_datagrams_total{direction="sent",` + route + `} 1
# HELP kubera_proxy_udp_sessions Clients of UDP that have a session.
# TYPE kubera_proxy_udp_sessions gauge
kubera_proxy_udp_sessions{` + route + `} 2
# HELP kubera_proxy_udp_sessions_ended_total Sessions of UDP that ended, by what became of them.
# TYPE kubera_proxy_udp_sessions_ended_total counter
kubera_proxy_udp_sessions_ended_total{` + labels + `,outcome="evicted",route="UDPRoute/test/dns"} 1
kubera_proxy_udp_sessions_ended_total{` + labels + `,outcome="idle",route="UDPRoute/test/dns"} 1
kubera_proxy_udp_sessions_ended_total{` + labels + `,outcome="removed",route="UDPRoute/test/dns"} 0
kubera_proxy_udp_sessions_ended_total{` + labels + `,outcome="shutdown",route="UDPRoute/test/dns"} 0
# HELP kubera_proxy_udp_sessions_opened_total Sessions of UDP that began.
# TYPE kubera_proxy_udp_sessions_opened_total counter
kubera_proxy_udp_sessions_opened_total{` + route + `} 4
`
	names := []string{"udp_bytes_total", "udp_datagrams_dropped_total", "udp_datagrams_total", "udp_sessions", "udp_sessions_ended_total", "udp_sessions_opened_total"}
	for i := range names {
		names[i] = namespace + "_" + names[i]
	}
	if err := testutil.CollectAndCompare(m, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestSeriesOfListenersThatAreGone(t *testing.T) {
	m := New()
	before := testutil.CollectAndCount(m)
	set := m.NewDatagramSet()
	set.Sessions("test/gw", "test/gw/dns", "UDPRoute/test/dns")
	set.Drops("test/gw", "test/gw/dns")
	if got := testutil.CollectAndCount(m); got != before {
		t.Errorf("%d series before the set is in use, want %d", got, before)
	}
	m.UseDatagrams(set)
	if got := testutil.CollectAndCount(m); got == before {
		t.Error("no series in use")
	}
	m.UseDatagrams(m.NewDatagramSet())
	if got := testutil.CollectAndCount(m); got != before {
		t.Errorf("%d series when the listener is gone, want %d", got, before)
	}
}
