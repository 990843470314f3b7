// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// shown returns the lines of /metrics, sorted, whose metric begins with one of
// the prefixes, without the common one.
func shown(t testing.TB, m *Metrics, prefixes ...string) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(m); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		line, ours := strings.CutPrefix(strings.TrimSpace(line), namespace+"_")
		if ours && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

func expect(t testing.TB, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unexpected series (-want +got):\n%s", diff)
	}
}

// filled has something in every series.
func filled() *Metrics {
	m := New()
	s := m.NewSet()
	r, b := s.Route("default/web", "default/web/http", "HTTPRoute/default/a"), s.Backend("Service/default/echo/80")
	s.Connections("default/web", "default/web/db", "TCPRoute/default/db").Opened()
	s.Spans("http://collector:4318").Exported(1)
	m.Use(s)
	for _, status := range []int{0, 101, 200, 302, 404, 503} {
		r.Begin()
		r.End(status, time.Millisecond)
	}
	for outcome := range Outcome(outcomes) {
		b.Count(outcome)
	}
	for outcome := range MirrorOutcome(mirrorOutcomes) {
		b.CountMirror(outcome)
	}
	b.Opened()
	b.SetReady(1)
	m.UseSockets(&Sockets{
		Sockets:  []Socket{{Gateway: "default/web", Address: ":443", Transport: TCP, Limit: 10, Open: func() int { return 3 }}},
		Expiries: []Expiry{{Gateway: "default/web", Listener: "default/web/https", NotAfter: time.Unix(4e9, 0)}},
	})
	m.SetControlExpiry(time.Unix(3e9, 0))
	m.Pushed(Applied)
	m.SetVersion("v1")
	return m
}

func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.CollectAndLint(filled())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// The package comment is where users read the names.
func TestNames(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(filled())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range families {
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		got = append(got, f.GetName()+"{"+strings.Join(labels, ",")+"}")
	}
	expect(t, got,
		"kubera_proxy_config_info{version}",
		"kubera_proxy_config_last_push_success_timestamp_seconds{}",
		"kubera_proxy_config_pushes_total{result}",
		"kubera_proxy_connections{address,gateway,transport}",
		"kubera_proxy_connections_limit{address,gateway,transport}",
		"kubera_proxy_control_certificate_expiry_timestamp_seconds{}",
		"kubera_proxy_listener_certificate_expiry_timestamp_seconds{gateway,listener}",
		"kubera_proxy_listener_certificate_not_before_timestamp_seconds{gateway,listener}",
		"kubera_proxy_mirrored_requests_total{backend,outcome}",
		"kubera_proxy_request_duration_seconds{gateway,route}",
		"kubera_proxy_requests_in_flight{gateway}",
		"kubera_proxy_requests_total{code,gateway,listener,route}",
		"kubera_proxy_spans_dropped_total{endpoint,reason}",
		"kubera_proxy_spans_exported_total{endpoint}",
		"kubera_proxy_tcp_bytes_total{direction,gateway,listener,route}",
		"kubera_proxy_tcp_connections{gateway,listener,route}",
		"kubera_proxy_tcp_connections_ended_total{gateway,listener,outcome,route}",
		"kubera_proxy_tcp_connections_opened_total{gateway,listener,route}",
		"kubera_proxy_upstream_connections{backend}",
		"kubera_proxy_upstream_endpoints_ready{backend}",
		"kubera_proxy_upstream_in_use{backend}",
		"kubera_proxy_upstream_requests_total{backend,outcome}",
	)
}

func TestBeforeTheFirstPush(t *testing.T) {
	t.Parallel()
	expect(t, shown(t, New(), ""),
		"config_last_push_success_timestamp_seconds 0",
		`config_pushes_total{result="applied"} 0`,
		`config_pushes_total{result="refused"} 0`,
		`config_pushes_total{result="unknown_base"} 0`,
	)
}

func TestPushes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New()
		applied := time.Now() // does not move but by Sleep
		m.Pushed(Applied)
		m.SetVersion("v1")
		time.Sleep(time.Hour)
		m.Pushed(Refused)
		m.Pushed(Refused)
		m.Pushed(UnknownBase)
		if got := time.Unix(0, m.lastPush.Load()); !got.Equal(applied) {
			t.Errorf("last success at %v, want %v: only Applied is one", got, applied)
		}
		expect(t, shown(t, m, "config_pushes", "config_info"),
			`config_info{version="v1"} 1`,
			`config_pushes_total{result="applied"} 1`,
			`config_pushes_total{result="refused"} 2`,
			`config_pushes_total{result="unknown_base"} 1`,
		)

		m.Pushed(Applied)
		m.SetVersion("v2")
		expect(t, shown(t, m, "config_info", "config_last"),
			`config_info{version="v2"} 1`,
			// The bubble's clock begins with the year 2000.
			"config_last_push_success_timestamp_seconds 9.466884e+08",
		)
		m.SetVersion("")
		expect(t, shown(t, m, "config_info"))
	})
}

func TestLabelsAreMadeValid(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	s.Route("g\xff", "l\xff", "r\xff").Begin()
	if s.Backend("b\xff") != s.Backend("b\xfe") {
		t.Error("two backends have the same label")
	}
	m.Use(s)
	m.SetVersion("v\xff")
	expect(t, shown(t, m, "requests_in", "config_info", "upstream_conn"),
		"config_info{version=\"v\uFFFD\"} 1",
		"requests_in_flight{gateway=\"g\uFFFD\"} 1",
		"upstream_connections{backend=\"b\uFFFD\"} 0",
	)
}
