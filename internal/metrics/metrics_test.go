// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// shown returns the series whose names begin with one of the prefixes, sorted, without
// the namespace.
func shown(t *testing.T, m *Metrics, prefixes ...string) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
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
	lines := []string{}
	for line := range strings.Lines(text.String()) {
		line, ours := strings.CutPrefix(strings.TrimSpace(line), namespace+"_")
		if ours && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("unexpected series (-want +got):\n%s", diff)
	}
}

func TestShared(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := Shared(registry, "v1\xff")
	if err != nil {
		t.Fatal(err)
	}
	m.Pushed(Push{Kind: "full", Result: Applied})
	m.SetAuthority(time.Unix(3e9, 0))
	m.SetRoutes("default/web", Routes{"HTTPRoute": {OK: 1}})
	m.SetStatus("default/web", Status{Programmed: true})
	again, err := Shared(registry, "v1\xff")
	if err != nil || again != m {
		t.Errorf("a second controller in the process: %v, the same: %v", err, again == m)
	}
	expect(t, shown(t, m, "build"), `build_info{goversion="`+runtime.Version()+`",version="v1`+"\uFFFD"+`"} 1`)

	// What another leader tells from then on would differ.
	expect(t, shown(t, m, "authority", "routes", "gateway", "proxies", "listeners", `pushes_total{kind="full",result="applied"`),
		`pushes_total{kind="full",result="applied"} 1`)

	taken := prometheus.NewRegistry()
	taken.MustRegister(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kubera_controller_pushes_total", Help: "Another."}, []string{"kind"}))
	if _, err := Shared(taken, ""); err == nil {
		t.Error("a name that is taken is no error")
	}
}

func TestPushes(t *testing.T) {
	m := New("")
	m.Pushed(Push{Kind: "full", Result: Applied, Duration: time.Second})
	m.Pushed(Push{Kind: "full", Result: Refused, Duration: 2 * time.Second})
	m.Pushed(Push{Kind: "delta", Result: Conflict})
	expect(t, shown(t, m, `pushes_total{kind="full"`, "push_duration_seconds_sum", "push_duration_seconds_count"),
		`push_duration_seconds_count{kind="delta"} 1`,
		`push_duration_seconds_count{kind="endpoints"} 0`,
		`push_duration_seconds_count{kind="full"} 2`,
		`push_duration_seconds_sum{kind="delta"} 0`,
		`push_duration_seconds_sum{kind="endpoints"} 0`,
		`push_duration_seconds_sum{kind="full"} 3`,
		`pushes_total{kind="full",result="applied"} 1`,
		`pushes_total{kind="full",result="conflict"} 0`,
		`pushes_total{kind="full",result="failed"} 0`,
		`pushes_total{kind="full",result="refused"} 1`,
	)
}

func TestTimes(t *testing.T) {
	m := New("")
	expect(t, shown(t, m, "authority"))
	m.Propagated(4 * time.Minute)
	m.Translated(time.Minute)
	m.SetAuthority(time.Unix(3e9, 0))
	expect(t, shown(t, m, "authority", `propagation_duration_seconds_bucket{le="60"`, `propagation_duration_seconds_bucket{le="300"`, "translation_duration_seconds_sum"),
		"authority_certificate_expiry_timestamp_seconds 3e+09",
		`propagation_duration_seconds_bucket{le="300"} 1`,
		`propagation_duration_seconds_bucket{le="60"} 0`,
		"translation_duration_seconds_sum 60",
	)
}

func TestGateways(t *testing.T) {
	const id = "default/web"
	m := New("")
	m.SetStatus(id, Status{Accepted: true})
	m.SetProxies(id, map[ProxyState]int{Current: 1})
	expect(t, shown(t, m, "gateway_condition", "proxies", "listeners", "routes"))

	m.SetRoutes(id, Routes{"HTTPRoute": {OK: 2, Unresolved: 1}})
	expect(t, shown(t, m, "gateway_condition", "proxies", "listeners", "routes"),
		`routes{gateway="default/web",kind="HTTPRoute",state="not_accepted"} 0`,
		`routes{gateway="default/web",kind="HTTPRoute",state="ok"} 2`,
		`routes{gateway="default/web",kind="HTTPRoute",state="unresolved"} 1`,
	)
	m.SetStatus(id, Status{Accepted: true, Listeners: map[State]int{OK: 1, NotProgrammed: 2}})
	m.SetProxies(id, map[ProxyState]int{Current: 3, Unreachable: 1})
	expect(t, shown(t, m, "gateway_condition", "proxies", "listeners"),
		`gateway_condition{condition="Accepted",gateway="default/web"} 1`,
		`gateway_condition{condition="Programmed",gateway="default/web"} 0`,
		`listeners{gateway="default/web",state="not_accepted"} 0`,
		`listeners{gateway="default/web",state="not_programmed"} 2`,
		`listeners{gateway="default/web",state="ok"} 1`,
		`listeners{gateway="default/web",state="unresolved"} 0`,
		`proxies{gateway="default/web",state="behind"} 0`,
		`proxies{gateway="default/web",state="current"} 3`,
		`proxies{gateway="default/web",state="draining"} 0`,
		`proxies{gateway="default/web",state="refused"} 0`,
		`proxies{gateway="default/web",state="unreachable"} 1`,
	)
	m.SetRoutes(id, Routes{})
	if got := len(shown(t, m, "proxies", "routes")); got != 5 {
		t.Errorf("%d series after a translation without routes, want those of proxies", got)
	}

	// What comes too late brings nothing back.
	m.Forget(id)
	m.SetStatus(id, Status{})
	m.SetProxies(id, nil)
	expect(t, shown(t, m, "gateway_condition", "proxies", "listeners", "routes"))
}

func TestLint(t *testing.T) {
	m := New("v1")
	m.SetAuthority(time.Unix(3e9, 0))
	m.SetRoutes("a/b", Routes{"HTTPRoute": nil})
	m.SetStatus("a/b", Status{})
	m.SetProxies("a/b", map[ProxyState]int{})
	problems, err := testutil.CollectAndLint(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestNilCountsNothing(t *testing.T) {
	var m *Metrics
	m.Pushed(Push{})
	m.Propagated(0)
	m.Translated(0)
	m.SetAuthority(time.Time{})
	m.SetRoutes("", nil)
	m.SetStatus("", Status{})
	m.SetProxies("", nil)
	m.Forget("")
}
