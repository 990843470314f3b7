// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// root of the repository, and the chart, as seen from this folder.
const (
	root      = "../.."
	directory = root + "/charts/kubera"
)

// oldestKubernetes that Chart.yaml lets in.
const oldestKubernetes = "1.31.0"

// tool is a program whose path make tells in an environment variable.
func tool(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: make test-chart sets it", variable)
	}
	return path
}

// release is one of the chart. Without a name it is "kubera" in "kubera-system", as it is
// documented.
type release struct {
	name, namespace string
	// arguments of helm that give values.
	values []string
}

// template is what helm prints, or its error.
func (r release) template(t *testing.T) (string, error) {
	t.Helper()
	arguments := []string{"template", cmp.Or(r.name, "kubera"), directory, "--namespace", cmp.Or(r.namespace, "kubera-system"),
		"--kube-version", oldestKubernetes}
	command := exec.CommandContext(t.Context(), tool(t, "HELM"), append(arguments, r.values...)...)
	// Nothing of the person who runs this.
	command.Env = append(os.Environ(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var problem bytes.Buffer
	command.Stderr = &problem
	out, err := command.Output()
	if err != nil {
		return problem.String(), err
	}
	return string(out), nil
}

// rendered has the objects of releases that several tests look at.
var rendered sync.Map

// objects of the release, which are not to be changed.
func (r release) objects(t *testing.T) objects {
	t.Helper()
	key := fmt.Sprintf("%q", r)
	if found, ok := rendered.Load(key); ok {
		return found.(objects)
	}
	out, err := r.template(t)
	if err != nil {
		t.Fatalf("helm template %q: %v\n%s", r.values, err, out)
	}
	found := parse(t, out)
	rendered.Store(key, found)
	return found
}

// objects by "KIND NAMESPACE/NAME".
type objects map[string]*unstructured.Unstructured

func parse(t *testing.T, documents string) objects {
	t.Helper()
	found := objects{}
	for document := range strings.SplitSeq("\n"+documents, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if len(object.Object) == 0 {
			continue
		}
		key := object.GetKind() + " " + object.GetNamespace() + "/" + object.GetName()
		if found[key] != nil {
			t.Errorf("there are two of %s", key)
		}
		found[key] = object
	}
	return found
}

// ofKind are the objects of a kind, ordered by their keys.
func (o objects) ofKind(kind string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if o[key].GetKind() == kind {
			found = append(found, o[key])
		}
	}
	return found
}

// one is the only object of a kind.
func (o objects) one(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	found := o.ofKind(kind)
	if len(found) != 1 {
		t.Fatalf("%d objects are a %s", len(found), kind)
	}
	return found[0]
}

// valuesFiles are those that the chart is tested with.
func valuesFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(directory + "/ci/*-values.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no values in charts/kubera/ci: %v", err)
	}
	return files
}

// everyRelease calls f with the defaults, with a release of another name and namespace,
// and with each file of values.
func everyRelease(t *testing.T, f func(t *testing.T, r release)) {
	t.Helper()
	releases := []release{{}, {name: "edge", namespace: "gateways"}}
	for _, file := range valuesFiles(t) {
		releases = append(releases, release{name: "edge", namespace: "gateways", values: []string{"--values", file}})
	}
	// No object's name may be too long for its kind, and none be taken for a number.
	releases = append(releases, release{name: strings.Repeat("long-", 10) + "end", namespace: "gateways"},
		release{name: "7", namespace: "7", values: []string{"--set-string", "serviceAccount.name=7,controller.priorityClassName=7"}})
	for _, r := range releases {
		t.Run(filepath.Base(strings.Join(append([]string{r.name}, r.values...), " ")), func(t *testing.T) { f(t, r) })
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
