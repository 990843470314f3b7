// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const (
	gw       = "default/web"
	listener = "default/web/http"
)

func TestSeriesGoOnWithTheNextSet(t *testing.T) {
	t.Parallel()
	m := New()
	first := m.NewSet()
	kept, gone := first.Route(gw, listener, "kept"), first.Route(gw, listener, "gone")
	keptBackend, goneBackend := first.Backend("kept"), first.Backend("gone")
	m.Use(first)
	for _, r := range []*Route{kept, gone} {
		r.Begin()
		r.End(200, time.Millisecond)
	}
	gone.Begin() // a request that outlives its route
	keptBackend.Opened()
	goneBackend.Opened()

	second := m.NewSet()
	if second.Route(gw, listener, "kept") != kept || second.Backend("kept") != keptBackend {
		t.Error("what both sets have is not the same")
	}
	second.Route(gw, listener, "new").Begin()
	m.Use(second)

	expect(t, shown(t, m, "requests_in_flight", `requests_total{code="2xx"`, "request_duration_seconds_count", "upstream_connections"),
		`request_duration_seconds_count{gateway="default/web",route="kept"} 1`,
		`request_duration_seconds_count{gateway="default/web",route="new"} 0`,
		`requests_in_flight{gateway="default/web"} 2`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="kept"} 1`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="new"} 0`,
		`upstream_connections{backend="kept"} 1`,
	)

	// The Gateway is still there, so that its requests are counted to their end.
	gone.End(200, time.Millisecond)
	expect(t, shown(t, m, "requests_in_flight"), `requests_in_flight{gateway="default/web"} 1`)
}

func TestSeriesThatCameBackBeginAtZero(t *testing.T) {
	t.Parallel()
	m := New()
	first := m.NewSet()
	r, b := first.Route(gw, listener, "a"), first.Backend("a")
	m.Use(first)
	r.Begin()
	b.Opened()

	m.Use(m.NewSet())
	expect(t, shown(t, m, "request", "upstream"))

	again := m.NewSet()
	again.Route(gw, listener, "a")
	again.Backend("a")
	m.Use(again)
	r.End(200, time.Second)
	b.Closed()
	expect(t, shown(t, m, "requests_in_flight", `requests_total{code="2xx"`, "upstream_connections"),
		`requests_in_flight{gateway="default/web"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="a"} 0`,
		`upstream_connections{backend="a"} 0`,
	)
}

func TestSetThatIsNotUsedLeavesNoTrace(t *testing.T) {
	t.Parallel()
	m := New()
	first := m.NewSet()
	first.Route(gw, listener, "a")
	first.Backend("a")
	m.Use(first)
	before := shown(t, m, "")

	refused := m.NewSet()
	refused.Route(gw, listener, "b")
	refused.Route("other", "other/http", "")
	refused.Backend("b")
	expect(t, shown(t, m, ""), before...)

	next := m.NewSet()
	next.Route(gw, listener, "a")
	next.Backend("a")
	m.Use(next)
	expect(t, shown(t, m, ""), before...)
}

func TestSetsInUseDoNotKeepOldOnes(t *testing.T) {
	t.Parallel()
	m := New()
	for range 3 {
		s := m.NewSet()
		m.Use(s)
		if s.old != nil {
			t.Fatal("a set in use refers to the one before, and so to all")
		}
	}
}

func TestHistogramIsOfTheRouteOnAllListeners(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	for i, l := range []string{"default/web/http", "default/web/https"} {
		r := s.Route(gw, l, "a")
		r.Begin()
		r.End(200, time.Duration(i)*time.Second)
	}
	other := s.Route("default/other", "default/other/http", "a")
	other.Begin()
	other.End(200, time.Second)
	m.Use(s)
	expect(t, shown(t, m, "request_duration_seconds_count", "request_duration_seconds_sum", "requests_in"),
		`request_duration_seconds_count{gateway="default/other",route="a"} 1`,
		`request_duration_seconds_count{gateway="default/web",route="a"} 2`,
		`request_duration_seconds_sum{gateway="default/other",route="a"} 1`,
		`request_duration_seconds_sum{gateway="default/web",route="a"} 1`,
		`requests_in_flight{gateway="default/other"} 0`,
		`requests_in_flight{gateway="default/web"} 0`,
	)
}

// Requests, scrapes and changes at once: nothing is counted twice or lost.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const workers, each = 4, 2000
	m := New()
	fill := func() *Set {
		s := m.NewSet()
		s.Route(gw, listener, "a")
		s.Backend("a")
		return s
	}
	m.Use(fill())

	var busy, idle sync.WaitGroup
	var done atomic.Bool
	for range workers {
		busy.Go(func() {
			s := m.set.Load()
			r, b := s.routes[routeKey{gw, listener, "a"}], s.backends["a"]
			for range each {
				r.Begin()
				b.Opened()
				b.Count(OK)
				b.Closed()
				r.End(200, time.Millisecond)
			}
		})
	}
	idle.Go(func() {
		for i := 0; !done.Load(); i++ {
			s := fill()
			s.Route(gw, listener, fmt.Sprint("new-", i))
			m.Use(s)
			m.Pushed(Applied)
			m.SetVersion(fmt.Sprint(i))
		}
	})
	idle.Go(func() {
		for !done.Load() {
			testutil.CollectAndCount(m)
		}
	})
	busy.Wait()
	done.Store(true)
	idle.Wait()

	m.Use(fill())
	expect(t, shown(t, m, "requests_in", `requests_total{code="2xx"`, "request_duration_seconds_count", "upstream_conn", `upstream_requests_total{backend="a",outcome="ok"`),
		`request_duration_seconds_count{gateway="default/web",route="a"} 8000`,
		`requests_in_flight{gateway="default/web"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="a"} 8000`,
		`upstream_connections{backend="a"} 0`,
		`upstream_requests_total{backend="a",outcome="ok"} 8000`,
	)
}

// BenchmarkCollect is a scrape of a proxy with 1000 routes.
func BenchmarkCollect(b *testing.B) {
	m := New()
	s := m.NewSet()
	for i := range 1000 {
		s.Route(gw, listener, fmt.Sprint("HTTPRoute/default/", i))
		s.Backend(fmt.Sprint("Service/default/", i, "/80"))
	}
	m.Use(s)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
