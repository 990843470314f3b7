// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"maps"
	"slices"
	"sync"
	"testing"
)

// streamCase is a conformance test about connections or datagrams.
type streamCase struct {
	name        string
	connections []connection
	status      map[string]string
}

// TestStreams runs the cases for TLSRoutes, TCPRoutes and UDPRoutes.
func TestStreams(t *testing.T) {
	s := newSite(t)
	for _, c := range slices.Concat(tlsCases, tcpCases, udpCases) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			objects := s.read(t, c.name).Snapshot
			plane := newDataPlane(t)
			factsOf(t, objects, plane.serve(t, objects)).check(t, c.status)
			for _, connection := range c.connections {
				plane.connect(t, connection)
			}
		})
	}
}

// kindsOf are the facts about listeners that take one kind of route.
func kindsOf(kind string, listeners ...string) map[string]string {
	facts := map[string]string{}
	for _, l := range listeners {
		facts["Gateway infra/web "+l+" kinds"] = kind
	}
	return facts
}

// with adds facts to others.
func with(facts map[string]string, more ...string) map[string]string {
	facts = maps.Clone(facts)
	for i := 0; i < len(more); i += 2 {
		facts[more[i]] = more[i+1]
	}
	return facts
}

// TestWeightsOfStreams counts the connections of each backend, and the clients.
func TestWeightsOfStreams(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		to    string
		count int
		want  map[string]int
	}{
		"TCPRouteWeightedRouting": {"infra/web:9000", 500, map[string]int{"v1": 350, "v2": 150}},
		"UDPRouteWeightedRouting": {"infra/web:9000/udp", 500, map[string]int{"v1": 350, "v2": 150}},
		// Half of the share has no backend.
		"TCPRouteInvalidBackendRefNonexistent": {"infra/web:9001", 200, map[string]int{"v1": 100, reset: 100}},
		"TLSRouteInvalidBackendRefNonexistent": {"infra/web:443", 200, map[string]int{"v1": 100, reset: 100}},
		"UDPRouteInvalidBackendRefNonexistent": {"infra/web:9001/udp", 200, map[string]int{"v1": 100, dropped: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plane := newDataPlane(t)
			plane.serve(t, s.read(t, name).Snapshot)
			connection := connection{to: c.to}
			if name == "TLSRouteInvalidBackendRefNonexistent" {
				connection.sni = "b.example.com"
			}
			fates := make([]string, c.count)
			var clients sync.WaitGroup
			// No more at once than datagrams fit into the buffer of a socket, which drops
			// what is too much.
			room := make(chan struct{}, 100)
			for i := range fates {
				room <- struct{}{}
				clients.Go(func() {
					fates[i], _ = plane.reach(t, connection)
					<-room
				})
			}
			clients.Wait()
			got := map[string]int{}
			for _, fate := range fates {
				got[fate]++
			}
			// Within ten of a hundred.
			if !maps.EqualFunc(got, c.want, func(a, b int) bool { return max(a-b, b-a) <= c.count/20 }) {
				t.Errorf("%v, want about %v", got, c.want)
			}
		})
	}
}
