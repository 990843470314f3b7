// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"
	"time"
)

func TestCodes(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	answers := map[string][]int{
		"none": {0, 99, 600, 999, 1000, -1, -200},
		"1xx":  {101},
		"2xx":  {200, 204, 206, 299},
		"3xx":  {301, 304},
		"4xx":  {404, 421, 499},
		"5xx":  {500, 503, 504, 599},
	}
	for route, statuses := range answers {
		r := s.Route(gw, listener, route)
		for _, status := range statuses {
			r.Begin()
			r.End(status, time.Millisecond)
		}
	}
	m.Use(s)
	expect(t, shown(t, m, `requests_total{code="1xx"`, `requests_total{code="none"`),
		`requests_total{code="1xx",gateway="default/web",listener="default/web/http",route="1xx"} 1`,
		`requests_total{code="none",gateway="default/web",listener="default/web/http",route="none"} 7`,
	)
	expect(t, shown(t, m, `requests_total{code="2xx"`),
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="1xx"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="2xx"} 4`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="3xx"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="4xx"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="5xx"} 0`,
		`requests_total{code="2xx",gateway="default/web",listener="default/web/http",route="none"} 0`,
	)
	expect(t, shown(t, m, "request_duration_seconds_count"),
		`request_duration_seconds_count{gateway="default/web",route="1xx"} 0`,
		`request_duration_seconds_count{gateway="default/web",route="2xx"} 4`,
		`request_duration_seconds_count{gateway="default/web",route="3xx"} 2`,
		`request_duration_seconds_count{gateway="default/web",route="4xx"} 3`,
		`request_duration_seconds_count{gateway="default/web",route="5xx"} 4`,
		`request_duration_seconds_count{gateway="default/web",route="none"} 0`,
	)
}

func TestUnmatched(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	for _, r := range []*Route{s.Route(gw, listener, ""), s.Route(gw, "", "")} {
		r.Begin()
		r.End(404, time.Millisecond)
	}
	m.Use(s)
	expect(t, shown(t, m, `requests_total{code="4xx"`),
		`requests_total{code="4xx",gateway="default/web",listener="",route=""} 1`,
		`requests_total{code="4xx",gateway="default/web",listener="default/web/http",route=""} 1`,
	)
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	r := s.Route(gw, listener, "a")
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, 3 * time.Millisecond, 700 * time.Millisecond, time.Minute, time.Hour} {
		r.Begin()
		r.End(200, d)
	}
	m.Use(s)
	series := func(le, n string) string {
		return `request_duration_seconds_bucket{gateway="default/web",route="a",le="` + le + `"} ` + n
	}
	expect(t, shown(t, m, "request_duration_seconds_bucket"),
		series("+Inf", "6"),
		series("0.001", "2"),
		series("0.005", "3"),
		series("0.01", "3"),
		series("0.025", "3"),
		series("0.05", "3"),
		series("0.1", "3"),
		series("0.25", "3"),
		series("0.5", "3"),
		series("1", "4"),
		series("10", "4"),
		series("2.5", "4"),
		series("5", "4"),
		series("60", "5"),
	)
}

func TestBackend(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	b := s.Backend("a")
	m.Use(s)
	for outcome, n := range map[Outcome]int{OK: 5, Error: 4, Timeout: 3, Canceled: 2, Retried: 1} {
		for range n {
			b.Count(outcome)
		}
	}
	b.Opened()
	b.Opened()
	b.Closed()
	b.SetReady(7)
	b.SetReady(3)
	expect(t, shown(t, m, "upstream"),
		`upstream_connections{backend="a"} 1`,
		`upstream_endpoints_ready{backend="a"} 3`,
		`upstream_in_use{backend="a"} 0`,
		`upstream_requests_total{backend="a",outcome="canceled"} 2`,
		`upstream_requests_total{backend="a",outcome="error"} 4`,
		`upstream_requests_total{backend="a",outcome="ok"} 5`,
		`upstream_requests_total{backend="a",outcome="retried"} 1`,
		`upstream_requests_total{backend="a",outcome="timeout"} 3`,
	)
}

// Whether a backend is in use is of a configuration, and what is counted goes on.
func TestBackendInUse(t *testing.T) {
	t.Parallel()
	m := New()
	before := m.NewSet()
	before.Backend("a").Count(OK)
	before.UseBackend("a")
	m.Use(before)
	after := m.NewSet()
	after.Backend("a")
	const prefix = `upstream_requests_total{backend="a",outcome="ok"}`
	expect(t, shown(t, m, "upstream_in_use", prefix), `upstream_in_use{backend="a"} 1`, prefix+" 1")
	m.Use(after)
	expect(t, shown(t, m, "upstream_in_use", prefix), `upstream_in_use{backend="a"} 0`, prefix+" 1")
}

func TestNilBackend(t *testing.T) {
	t.Parallel()
	var b *Backend
	b.Count(OK)
	b.Opened()
	b.Closed()
	b.SetReady(1)
}

func TestCountingDoesNotAllocate(t *testing.T) {
	s := New().NewSet()
	r, b := s.Route(gw, listener, "a"), s.Backend("a")
	allocs := testing.AllocsPerRun(100, func() {
		r.Begin()
		b.Opened()
		b.Count(OK)
		b.Closed()
		r.End(200, time.Millisecond)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkRequest(b *testing.B) {
	r := New().NewSet().Route(gw, listener, "a")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Begin()
			r.End(200, 3*time.Millisecond)
		}
	})
}
