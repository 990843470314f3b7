// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// tried are values by their paths, other ones than the defaults, of the files with which
// the chart is linted, rendered and checked.
func tried(t *testing.T) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, file := range valuesFiles(t) {
		var content map[string]any
		if err := yaml.UnmarshalStrict(read(t, file), &content); err != nil {
			t.Fatal(err)
		}
		for _, v := range values(t) {
			if at := at(content, v.path); at != nil && !cmp.Equal(asJSON(t, at), asJSON(t, v.fallback)) {
				found[v.path] = at
			}
		}
	}
	return found
}

func at(content any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		group, _ := content.(map[string]any)
		content = group[name]
	}
	return content
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// needs are values without which another one has no effect.
var needs = map[string]string{
	"prometheus.serviceMonitor.labels":    "prometheus.serviceMonitor.enabled=true",
	"prometheus.serviceMonitor.interval":  "prometheus.serviceMonitor.enabled=true",
	"prometheus.serviceMonitor.tlsConfig": "prometheus.serviceMonitor.enabled=true",
	"prometheus.podMonitor.labels":        "prometheus.podMonitor.enabled=true",
	"prometheus.podMonitor.interval":      "prometheus.podMonitor.enabled=true",
	"prometheus.rules.labels":             "prometheus.rules.enabled=true",
	"grafana.dashboards.labels":           "grafana.dashboards.enabled=true",
	"grafana.dashboards.annotations":      "grafana.dashboards.enabled=true",
	"metrics.certManager.issuerRef":       "metrics.certManager.enabled=true",
	"leaderElection.enabled":              "controller.replicas=1",
}

// TestValuesHaveEffect: each value is tried, and a value that changes nothing of what is
// rendered is not read, or its name is written in two ways.
func TestValuesHaveEffect(t *testing.T) {
	others := tried(t)
	for _, v := range values(t) {
		t.Run(v.path, func(t *testing.T) {
			t.Parallel()
			other := others[v.path]
			if other == nil {
				t.Fatalf("no file in charts/kubera/ci gives another value than %v", v.fallback)
			}
			base, changed := release{name: "edge"}, release{name: "edge"}
			if need := needs[v.path]; need != "" {
				base.values = []string{"--set", need}
			}
			if !strings.HasPrefix(v.path, "crds.") {
				// They are long, and don't matter here.
				base.values = append(base.values, "--set", "crds.enabled=false")
			}
			changed.values = append(changed.values, base.values...)
			changed.values = append(changed.values, "--set-json", v.path+"="+asJSON(t, other))
			if cmp.Equal(base.objects(t), changed.objects(t)) {
				t.Errorf("%s changes nothing", asJSON(t, other))
			}
		})
	}
}
