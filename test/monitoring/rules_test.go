// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/kubera-dev/kubera/test/monitoring/ruletest"
)

var update = flag.Bool("update", false, "write the files that are made of others")

const (
	rulesFile = "../../config/prometheus/rules/alerts.yaml"
	ruleFile  = "../../config/prometheus/rules/prometheusrule.yaml"
	// runbook is where annotations point to.
	runbook = "https://github.com/kubera-dev/kubera/blob/main/docs/alerts.md#"
)

var promQL = parser.NewParser(parser.Options{})

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// alerts are those of the file, as Prometheus reads it.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(rulesFile, false, model.UTF8Validation, promQL, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

func TestAlertsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range alerts(t) {
		if !strings.HasPrefix(rule.Alert, "Kubera") || seen[rule.Alert] {
			t.Errorf("%q is not the name of one alert of Kubera", rule.Alert)
		}
		seen[rule.Alert] = true
		if !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) {
			t.Errorf("%s has the severity %q", rule.Alert, rule.Labels["severity"])
		}
		for _, name := range []string{"summary", "description"} {
			if text := rule.Annotations[name]; !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: %s is no sentence in one line: %q", rule.Alert, name, text)
			}
		}
		if want, have := runbook+strings.ToLower(rule.Alert), rule.Annotations["runbook_url"]; have != want {
			t.Errorf("%s: runbook_url is %s, want %s", rule.Alert, have, want)
		}
	}
	if len(seen) == 0 {
		t.Error("there are no alerts")
	}
}

// wrapped is the file of alerts as an object of the Prometheus operator.
func wrapped(rules string) string {
	var out strings.Builder
	out.WriteString(`# The alerts of alerts.yaml, of which make update-monitoring makes this file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  labels:
    app.kubernetes.io/name: kubera
    app.kubernetes.io/component: controller
    app.kubernetes.io/managed-by: kustomize
  name: alerts
  namespace: system
spec:
`)
	for line := range strings.Lines(rules) {
		if !strings.HasPrefix(line, "#") {
			out.WriteString("  " + line)
		}
	}
	return out.String()
}

func TestPrometheusRule(t *testing.T) {
	want := wrapped(read(t, rulesFile))
	if *update {
		if err := os.WriteFile(ruleFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, ruleFile) != want {
		t.Errorf("%s is not made of %s: run make update-monitoring", ruleFile, rulesFile)
	}
}

// TestAlertsFire runs the files in testdata, and wants of them that each alert fires
// for some series, and does not for others.
func TestAlertsFire(t *testing.T) {
	files, err := filepath.Glob("testdata/*.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, path := range files {
		file, err := ruletest.Read(path, promQL)
		if err != nil {
			t.Fatal(err)
		}
		for i := range file.Tests {
			test := &file.Tests[i]
			t.Run(test.Name, func(t *testing.T) {
				for _, err := range file.Run(t.Context(), test, promQL) {
					t.Error(err)
				}
			})
			for _, alert := range test.Alerts {
				if len(alert.Expected) > 0 {
					fires[alert.Name] = true
				} else {
					quiet[alert.Name] = true
				}
			}
		}
	}
	for _, rule := range alerts(t) {
		if !fires[rule.Alert] || !quiet[rule.Alert] {
			t.Errorf("%s: in a test it fires: %v, in a test it does not: %v", rule.Alert, fires[rule.Alert], quiet[rule.Alert])
		}
	}
}
