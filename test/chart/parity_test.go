// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// kustomized is what config/default comes to, with components turned on, and with the
// images that the chart names.
func kustomized(t *testing.T, components ...string) objects {
	t.Helper()
	kustomize, err := filepath.Abs(tool(t, "KUSTOMIZE"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(directory string, arguments ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), kustomize, arguments...)
		command.Dir = directory
		command.Stderr = os.Stderr
		out, err := command.Output()
		if err != nil {
			t.Fatalf("kustomize %q: %v", arguments, err)
		}
		return string(out)
	}
	copied := filepath.Join(t.TempDir(), "config")
	if err := os.CopyFS(copied, os.DirFS(root+"/config")); err != nil {
		t.Fatal(err)
	}
	tag := ":" + chartMetadata(t).AppVersion
	run(copied+"/manager", "edit", "set", "image", "controller=kubera-controller"+tag, "proxy=kubera-proxy"+tag)
	for _, component := range components {
		run(copied+"/default", "edit", "add", "component", "../"+component)
	}
	return parse(t, run(copied+"/default", "build", "."))
}

// TestParity holds the chart to config/: whatever one of them deploys, the other does.
func TestParity(t *testing.T) {
	for name, test := range map[string]struct {
		components []string
		release    release
	}{
		"defaults": {},
		"prometheus": {
			[]string{"prometheus/controller", "prometheus/proxies"},
			release{values: []string{"--set", "prometheus.serviceMonitor.enabled=true,prometheus.podMonitor.enabled=true"}},
		},
		"cert-manager": {
			[]string{"certmanager"},
			release{values: []string{"--set", "metrics.certManager.enabled=true"}},
		},
		"alerts and dashboards": {
			[]string{"prometheus/rules", "grafana"},
			release{values: []string{"--set", "prometheus.rules.enabled=true,grafana.dashboards.enabled=true"}},
		},
		"everything": {
			[]string{"prometheus/controller", "prometheus/proxies", "prometheus/rules", "grafana", "certmanager"},
			release{values: []string{"--values", directory + "/ci/cert-manager-values.yaml"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, have := kustomized(t, test.components...), maps.Clone(test.release.objects(t))
			// Helm makes namespaces only when it is told to, and kustomize runs no Jobs.
			delete(want, "Namespace /kubera-system")
			delete(have, "Job kubera-system/kubera-cleanup")
			delete(have, "NetworkPolicy kubera-system/kubera-cleanup")
			for _, key := range slices.Sorted(maps.Keys(want)) {
				if have[key] == nil {
					t.Errorf("the chart has no %s", key)
					continue
				}
				for label, value := range want[key].GetLabels() {
					if !mayDiffer(label, value) && have[key].GetLabels()[label] != value {
						t.Errorf("in the chart %s is labelled %s: %q, want %q", key, label, have[key].GetLabels()[label], value)
					}
				}
				if diff := cmp.Diff(normal(want[key]), normal(have[key])); diff != "" {
					t.Errorf("%s, - config, + chart:\n%s", key, diff)
				}
			}
			for _, key := range slices.Sorted(maps.Keys(have)) {
				if want[key] == nil {
					t.Errorf("config has no %s", key)
				}
			}
		})
	}
}

// mayDiffer says of a label or an annotation that each tool has its own.
func mayDiffer(name string, value any) bool {
	switch name {
	case "app.kubernetes.io/managed-by":
		return value == "Helm" || value == "kustomize"
	case "app.kubernetes.io/instance", "app.kubernetes.io/version":
		return true
	default:
		return strings.HasPrefix(name, "helm.sh/")
	}
}

// normal is an object without its labels, which may be more, without what may differ
// elsewhere, and with its flags in order.
func normal(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	object.SetLabels(nil)
	return normalMap(object.Object)
}

func normalMap(m map[string]any) map[string]any {
	maps.DeleteFunc(m, mayDiffer)
	for name, value := range m {
		switch value := value.(type) {
		case map[string]any:
			m[name] = normalMap(value)
		case []any:
			for i := range value {
				if nested, ok := value[i].(map[string]any); ok {
					value[i] = normalMap(nested)
				}
			}
			if name == "args" {
				slices.SortFunc(value, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			}
		}
	}
	if annotations, ok := m["annotations"].(map[string]any); ok && len(annotations) == 0 {
		delete(m, "annotations")
	}
	return m
}
