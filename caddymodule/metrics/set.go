// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Set holds the series of one configuration. Those that the configuration in use
// has too are the same in both, so that their numbers go on.
//
// A Set is filled while a configuration is compiled, by one goroutine, and does
// not change after Metrics.Use. One that is not used after all, the configuration
// being refused, is dropped and leaves no trace.
type Set struct {
	old       *Set // nil once in use
	gateways  map[string]*atomic.Int64
	durations map[durationKey]prometheus.Histogram
	routes    map[routeKey]*Route
	backends  map[string]*Backend
	inUse     map[string]bool // of backends

	connections map[routeKey]*Connections
	spans       map[string]*Spans
}

type durationKey struct{ gateway, route string }

type routeKey struct{ gateway, listener, route string }

// NewSet returns an empty set, whose series continue those now in use. Sets are
// made and used by one goroutine at a time: of two that are filled side by side
// the one used first loses its new series to the other.
func (m *Metrics) NewSet() *Set {
	return &Set{
		old:       m.set.Load(),
		gateways:  map[string]*atomic.Int64{},
		durations: map[durationKey]prometheus.Histogram{},
		routes:    map[routeKey]*Route{},
		backends:  map[string]*Backend{},
		inUse:     map[string]bool{},

		connections: map[routeKey]*Connections{},
		spans:       map[string]*Spans{},
	}
}

// Use shows the series of s and no others. What requests under way add to series
// that are gone is lost, and does not come back with a series of the same name,
// which begins at zero. s must not be filled any more.
func (m *Metrics) Use(s *Set) {
	s.old = nil // a chain of all sets would never be freed
	m.set.Store(s)
}

// Route returns the numbers of a route on a listener. For requests that match no
// route, route is empty; for those that no listener serves, listener is too.
func (s *Set) Route(gateway, listener, route string) *Route {
	gateway, listener, route = label(gateway), label(listener), label(route)
	var old Set
	if s.old != nil {
		old = *s.old
	}
	key := durationKey{gateway, route}
	inFlight := obtain(s.gateways, old.gateways, gateway, func() *atomic.Int64 { return &atomic.Int64{} })
	duration := obtain(s.durations, old.durations, key, func() prometheus.Histogram { return newDuration(key) })
	return obtain(s.routes, old.routes, routeKey{gateway, listener, route}, func() *Route {
		return &Route{inFlight: inFlight, duration: duration}
	})
}

// Backend returns the numbers of a backend.
func (s *Set) Backend(id string) *Backend {
	id = label(id)
	var old map[string]*Backend
	if s.old != nil {
		old = s.old.backends
	}
	return obtain(s.backends, old, id, func() *Backend { return &Backend{} })
}

// UseBackend says that the configuration sends something to a backend.
func (s *Set) UseBackend(id string) { s.inUse[label(id)] = true }

// obtain takes a value from the set, or else into it from the old one, or else
// makes it.
func obtain[K comparable, V any](set, old map[K]V, key K, make func() V) V {
	v, ok := set[key]
	if !ok {
		if v, ok = old[key]; !ok {
			v = make()
		}
		set[key] = v
	}
	return v
}

func (s *Set) collect(ch chan<- prometheus.Metric) {
	for key, r := range s.routes {
		r.collect(ch, key)
	}
	for _, d := range s.durations {
		ch <- d
	}
	for id, n := range s.gateways {
		ch <- gauge(inFlightDesc, n, id)
	}
	for id, b := range s.backends {
		b.collect(ch, id)
		used := 0.0
		if s.inUse[id] {
			used = 1
		}
		ch <- prometheus.MustNewConstMetric(inUseDesc, prometheus.GaugeValue, used, id)
	}
	for key, c := range s.connections {
		c.collect(ch, key)
	}
	for endpoint, spans := range s.spans {
		spans.collect(ch, endpoint)
	}
}
