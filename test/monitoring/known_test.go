// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubera-dev/kubera/test/metricsdoc"
	"github.com/prometheus/prometheus/promql/parser"
)

// targetLabels are those that Prometheus adds to what it reads of a pod.
var targetLabels = []string{"namespace", "pod", "instance", "job"}

// known are the labels of the series that docs/metrics.md has, by name.
func known(t *testing.T) map[string][]string {
	t.Helper()
	metrics, err := metricsdoc.Read("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, m := range metrics {
		for _, series := range m.Series() {
			of := slices.Concat(m.Labels, targetLabels)
			if series == m.Name+"_bucket" {
				of = append(of, "le")
			}
			labels[series] = of
		}
	}
	return labels
}

// unknown says what an expression names that is not there.
func unknown(expr string, labels map[string][]string) []string {
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			of, ok := labels[n.Name]
			if !ok {
				problems = append(problems, fmt.Sprintf("there is no metric %q", n.Name))
				return nil
			}
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" && !slices.Contains(of, m.Name) {
					problems = append(problems, fmt.Sprintf("%s has no label %s", n.Name, m.Name))
				}
			}
		case *parser.AggregateExpr:
			problems = append(problems, notBelow(n.Expr, n.Grouping, labels)...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil && n.VectorMatching.On {
				problems = append(problems, notBelow(n.LHS, n.VectorMatching.MatchingLabels, labels)...)
				problems = append(problems, notBelow(n.RHS, n.VectorMatching.MatchingLabels, labels)...)
			}
		}
		return nil
	})
	return problems
}

// notBelow finds labels that no series within the expression has.
func notBelow(expr parser.Expr, names []string, labels map[string][]string) []string {
	var below []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			below = append(below, labels[n.Name]...)
		}
		return nil
	})
	var problems []string
	for _, name := range names {
		if !slices.Contains(below, name) {
			problems = append(problems, fmt.Sprintf("nothing in %q has the label %s", expr, name))
		}
	}
	return problems
}

func TestUnknown(t *testing.T) {
	labels := map[string][]string{"a_total": {"x", "job"}, "b": {"y", "job"}}
	for expr, want := range map[string]int{
		`sum by (x) (rate(a_total{x="1"}[5m])) > 0`:       0,
		`a_total and on (job) b`:                          0,
		`sum by (x) (c)`:                                  2,
		`a_total{y="1"}`:                                  1,
		`sum by (y) (a_total)`:                            1,
		`a_total and on (x) b`:                            1,
		`{__name__="a_total"}`:                            1,
		`sum by (x) (`:                                    1,
		`count(count by (x) (a_total or b)) > 1`:          0,
		`max by (z) (a_total / on (job) group_right() b)`: 1,
	} {
		if got := unknown(expr, labels); len(got) != want {
			t.Errorf("%s: %q, want %d problems", expr, got, want)
		}
	}
}

// TestAlertsNameWhatIsThere holds the alerts to the metrics that are documented.
func TestAlertsNameWhatIsThere(t *testing.T) {
	labels := known(t)
	for _, rule := range alerts(t) {
		for _, problem := range unknown(rule.Expr, labels) {
			t.Errorf("%s: %s", rule.Alert, problem)
		}
	}
}
