// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/metrics"
)

func TestResultOf(t *testing.T) {
	refusal := &config.Refusal{Message: "no"}
	for _, tc := range []struct {
		err  error
		want metrics.Result
	}{
		{nil, metrics.Applied},
		{fmt.Errorf("push: %w", errConflict), metrics.Conflict},
		{fmt.Errorf("push: %w", refusal), metrics.Refused},
		{errors.New("no route to host"), metrics.Failed},
	} {
		if got := resultOf(tc.err); got != tc.want {
			t.Errorf("%v is %s, want %s", tc.err, got, tc.want)
		}
	}
}

// A worker that ends may come with its last answer when its Gateway was forgotten and is
// known again, with pods and without a configuration.
func TestSettleOfAForgottenGateway(t *testing.T) {
	b := newBench(t)
	want := newTarget(testConfig(1), 1)
	for name, g := range map[string]*gateway{"gone": nil, "known again": {}} {
		w := &worker{fleet: b.Fleet, gateway: testGateway, since: want.made}
		delete(b.gateways, testGateway)
		if g != nil {
			b.gateways[testGateway] = g
		}
		w.settle(want, nil)
		if !w.since.IsZero() {
			t.Errorf("%s: something is owed since %v", name, w.since)
		}
	}
}

// An answer about what was wanted before says nothing of a change that came since.
func TestSettleOfWhatWasBefore(t *testing.T) {
	b := newBench(t)
	before, now := newTarget(testConfig(1), 1), newTarget(testConfig(2), 1)
	now.made = before.made.Add(time.Second)
	w := &worker{fleet: b.Fleet, gateway: testGateway}
	w.owe(now)
	w.settle(before, nil)
	if w.since != now.made {
		t.Errorf("the change is owed since %v, want %v", w.since, now.made)
	}
}

// observed is how often something was observed in a histogram.
func observed(t *testing.T, m *metrics.Metrics, name string) (count uint64, seconds float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var histograms []*dto.Metric
	for _, f := range families {
		if f.GetName() == name {
			histograms = append(histograms, f.GetMetric()...)
		}
	}
	if len(histograms) == 0 {
		t.Fatalf("there is no %s", name)
	}
	for _, h := range histograms {
		count += h.GetHistogram().GetSampleCount()
		seconds += h.GetHistogram().GetSampleSum()
	}
	return count, seconds
}

// Changes are counted once for each pod that gets them, and nothing else is.
func TestPropagation(t *testing.T) {
	const name = "kubera_controller_propagation_duration_seconds"
	b := newBench(t)
	m := metrics.New("test")
	b.options.Metrics = m
	has := func(want uint64) func() bool {
		return func() bool {
			got, _ := observed(t, m, name)
			return got == want
		}
	}
	p, q := startProxy(t, b.identity.Authority(), ""), startProxy(t, b.identity.Authority(), "")
	pods := []Pod{pod("a", p), pod("b", q)}
	b.SetPods(testGateway, testServerName, pods)
	first := testConfig(1)
	b.Update(testGateway, first, 1)
	eventually(t, "both run the first", func() bool { return runsExactly(p, first)() && runsExactly(q, first)() })
	if !has(0)() {
		t.Error("what pods get when they come is not a change")
	}
	second := testConfig(2)
	b.Update(testGateway, second, 1)
	eventually(t, "both have got the change", has(2))
	b.Update(testGateway, second, 2)
	b.UpdateEndpoints(testGateway, []config.BackendEndpoints{{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}}})
	eventually(t, "both have got the endpoints, and nothing for a generation", has(4))

	// One that is away gets it late, and once.
	address := q.ln.Addr().String()
	q.stop()
	b.Update(testGateway, testConfig(3), 2)
	eventually(t, "the other one has got it", has(5))
	b.Update(testGateway, testConfig(4), 2)
	eventually(t, "and the next", has(6))
	_, before := observed(t, m, name)
	q = startProxy(t, b.identity.Authority(), address)
	eventually(t, "it has got both", has(7))
	if _, after := observed(t, m, name); after <= before {
		t.Errorf("%v s before, %v s after", before, after)
	}

	// What is refused never arrives, and what follows has its own beginning.
	refuse := func(*config.Config) *config.Refusal { return &config.Refusal{Message: "no"} }
	p.setRefuse(refuse)
	q.setRefuse(refuse)
	b.Update(testGateway, testConfig(5), 3)
	eventually(t, "both have refused", func() bool {
		reports := b.Report(testGateway)
		return len(reports) == 2 && reports[0].Refusal != nil && reports[1].Refusal != nil
	})
	p.setRefuse(nil)
	q.setRefuse(nil)
	b.Update(testGateway, testConfig(6), 3)
	eventually(t, "both have got what follows", has(9))

	if got, _ := observed(t, m, "kubera_controller_push_duration_seconds"); got < 9 {
		t.Errorf("the time of %d pushes was taken", got)
	}
}
