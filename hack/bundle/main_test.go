// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/generate"
)

const root = "../.."

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestPlatforms: the images are built for what the bundle says that they are for.
func TestPlatforms(t *testing.T) {
	found := regexp.MustCompile(`(?m)^PLATFORMS \?= (.*)$`).FindSubmatch(read(t, "Makefile"))
	if found == nil {
		t.Fatal("the Makefile has no PLATFORMS")
	}
	var c struct {
		Metadata struct{ Labels map[string]string }
	}
	if err := yaml.Unmarshal(read(t, "bundle/manifests/kubera.clusterserviceversion.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for label := range c.Metadata.Labels {
		if architecture, ok := strings.CutPrefix(label, "operatorframework.io/arch."); ok {
			platforms = append(platforms, "linux/"+architecture)
		}
	}
	if slices.Sort(platforms); strings.Join(platforms, ",") != string(found[1]) {
		t.Errorf("the bundle is for %q, the images for %q", platforms, found[1])
	}
}

// TestProject: the record of the project names what the bundle is made with.
func TestProject(t *testing.T) {
	var project struct{ Plugins map[string]any }
	if err := yaml.Unmarshal(read(t, "PROJECT"), &project); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"manifests.sdk.operatorframework.io/v2", "scorecard.sdk.operatorframework.io/v2"} {
		if _, ok := project.Plugins[name]; !ok {
			t.Errorf("PROJECT has no plugin %s", name)
		}
	}
}

// TestWrite: what an earlier version had does not stay.
func TestWrite(t *testing.T) {
	directory := t.TempDir()
	if err := write(directory, generate.Files{"bundle/manifests/a.yaml": []byte("a"), "bundle.Dockerfile": []byte("b")}); err != nil {
		t.Fatal(err)
	}
	if err := write(directory, generate.Files{"bundle/manifests/c.yaml": []byte("c")}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(directory, "bundle/manifests/a.yaml")); !os.IsNotExist(err) {
		t.Errorf("a.yaml is still there: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(directory, "bundle/manifests/c.yaml"))
	if err != nil || string(raw) != "c" {
		t.Errorf("%q, %v", raw, err)
	}
}

// TestInvalidBundle: what breaks a rule is not written.
func TestInvalidBundle(t *testing.T) {
	directory := t.TempDir()
	manifests := filepath.Join(directory, "manifests.yaml")
	const text = `
apiVersion: operators.coreos.com/v1alpha1
kind: ClusterServiceVersion
metadata: {name: kubera.v0.0.0}
spec: {displayName: Kubera, installModes: [], install: {strategy: deployment, spec: {deployments: []}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: kubera-system}
---
apiVersion: scorecard.operatorframework.io/v1alpha3
kind: Configuration
metadata: {name: config}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: manager, namespace: kubera-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: manager, namespace: kubera-system}
spec: {selector: {}, template: {spec: {serviceAccountName: manager, containers: [{name: manager, image: "a:1"}]}}}
`
	if err := os.WriteFile(manifests, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(manifests, filepath.Join(root, "config/manifests/icon.svg"), directory, generate.Options{Version: "1.0.0", Channels: []string{"candidate"}})
	if err == nil || !strings.Contains(err.Error(), "install-modes: AllNamespaces is missing") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(directory, "bundle")); !os.IsNotExist(err) {
		t.Errorf("it was written: %v", err)
	}
}
