// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// metadata is Chart.yaml, as far as it is looked at.
type metadata struct {
	Version     string            `json:"version"`
	AppVersion  string            `json:"appVersion"`
	KubeVersion string            `json:"kubeVersion"`
	Annotations map[string]string `json:"annotations"`
}

func chartMetadata(t *testing.T) metadata {
	t.Helper()
	var m metadata
	if err := yaml.Unmarshal(read(t, directory+"/Chart.yaml"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// annotated is a list in an annotation.
func annotated(t *testing.T, name string) []map[string]string {
	t.Helper()
	var list []map[string]string
	if err := yaml.Unmarshal([]byte(chartMetadata(t).Annotations[name]), &list); err != nil || len(list) == 0 {
		t.Fatalf("annotation %s: %v", name, err)
	}
	return list
}

func TestVersions(t *testing.T) {
	m := chartMetadata(t)
	if m.Version != m.AppVersion {
		t.Errorf("the chart is %s, and installs %s", m.Version, m.AppVersion)
	}
	if want := ">=" + oldestKubernetes + "-0"; m.KubeVersion != want {
		t.Errorf("kubeVersion is %s, want %s", m.KubeVersion, want)
	}
	for _, image := range annotated(t, "artifacthub.io/images") {
		if want := "kubera-" + image["name"] + ":" + m.AppVersion; image["image"] != want {
			t.Errorf("the image of the %s is %s, want %s", image["name"], image["image"], want)
		}
	}
}

// TestDescribedCRDs: what is said of the chart's CRDs is said of those that it has.
func TestDescribedCRDs(t *testing.T) {
	described, have := map[string]string{}, map[string]string{}
	for _, crd := range annotated(t, "artifacthub.io/crds") {
		described[crd["name"]] = crd["kind"] + " " + crd["version"]
	}
	for _, crd := range (release{}).objects(t).ofKind("CustomResourceDefinition") {
		versions := crd.Object["spec"].(map[string]any)["versions"].([]any)
		have[crd.GetName()] = field(t, crd, "spec", "names", "kind") + " " + versions[0].(map[string]any)["name"].(string)
	}
	if diff := cmp.Diff(have, described); diff != "" {
		t.Errorf("- CRDs, + Chart.yaml:\n%s", diff)
	}
}
