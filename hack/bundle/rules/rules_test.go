// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/rules"
)

const (
	csvFile        = "bundle/manifests/kubera.clusterserviceversion.yaml"
	crdFile        = "bundle/manifests/gateway.kubera.dev_staticresponsefilters.yaml"
	serviceFile    = "bundle/manifests/kubera-controller-manager-metrics-service_v1_service.yaml"
	budgetFile     = "bundle/manifests/kubera-controller-manager_policy_v1_poddisruptionbudget.yaml"
	priorityFile   = "bundle/manifests/kubera-controller-manager_scheduling.k8s.io_v1_priorityclass.yaml"
	annotationFile = "bundle/metadata/annotations.yaml"
	scorecardFile  = "bundle/tests/scorecard/config.yaml"
	dockerFile     = "bundle.Dockerfile"
)

// bundle is the repository's own.
func bundle(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	root := os.DirFS("../../..")
	err := fs.WalkDir(root, "bundle", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[name], err = fs.ReadFile(root, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files[dockerFile], err = fs.ReadFile(root, dockerFile); err != nil {
		t.Fatal(err)
	}
	return files
}

// small is a bundle with the two kinds of small schemas only, which are read in no time.
func small(t *testing.T) map[string][]byte {
	t.Helper()
	files := bundle(t)
	without := func(list any, drop func(any) bool) []any { return slices.DeleteFunc(list.([]any), drop) }
	parameters := func(item any) bool { return strings.HasSuffix(item.(object)["kind"].(string), "Parameters") }
	edit(csvFile, func(o object) {
		definitions := at(o, "spec", "customresourcedefinitions").(object)
		definitions["owned"] = without(definitions["owned"], parameters)
		annotations := at(o, "metadata", "annotations").(object)
		var examples []any
		if err := json.Unmarshal([]byte(annotations["alm-examples"].(string)), &examples); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(without(examples, parameters))
		if err != nil {
			t.Fatal(err)
		}
		annotations["alm-examples"] = string(raw)
	})(t, files)
	for _, name := range []string{"gatewayparameters", "gatewayclassparameters"} {
		delete(files, "bundle/manifests/gateway.kubera.dev_"+name+".yaml")
	}
	b, err := rules.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if problems := rules.Check(b); len(problems) > 0 || len(b.CRDs) != 2 {
		t.Fatalf("%d CRDs, %v", len(b.CRDs), problems)
	}
	return files
}

// TestBundle: the bundle of this repository keeps every rule.
func TestBundle(t *testing.T) {
	b, err := rules.Load(bundle(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range rules.Check(b) {
		t.Error(problem)
	}
	if len(b.CRDs) < 4 || len(b.Objects) < 10 {
		t.Errorf("%d CRDs and %d objects: too few to be all", len(b.CRDs), len(b.Objects))
	}
}

// change makes a bundle that breaks a rule.
type change func(t *testing.T, files map[string][]byte)

// object is a YAML document.
type object = map[string]any

// edit changes a document of the bundle.
func edit(file string, with func(object)) change {
	return func(t *testing.T, files map[string][]byte) {
		var document object
		if err := yaml.Unmarshal(files[file], &document); err != nil || document == nil {
			t.Fatalf("%s: %v", file, err)
		}
		with(document)
		raw, err := yaml.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		files[file] = raw
	}
}

// at is what a path of names and numbers leads to.
func at(document any, steps ...any) any {
	for _, step := range steps {
		switch s := step.(type) {
		case string:
			document = document.(object)[s]
		case int:
			document = document.([]any)[s]
		}
	}
	return document
}

// set gives the field at the end of a path a value.
func set(file string, value any, steps ...any) change {
	return edit(file, func(document object) {
		last := len(steps) - 1
		switch parent := at(document, steps[:last]...).(type) {
		case object:
			parent[steps[last].(string)] = value
		case []any:
			parent[steps[last].(int)] = value
		}
	})
}

// add puts a manifest beside the others.
func add(name, text string) change {
	return func(_ *testing.T, files map[string][]byte) {
		files[path.Join("bundle/manifests", name)] = []byte(text)
	}
}

func replace(file, before, after string) change {
	return func(t *testing.T, files map[string][]byte) {
		if !strings.Contains(string(files[file]), before) {
			t.Fatalf("%s has no %q", file, before)
		}
		files[file] = []byte(strings.ReplaceAll(string(files[file]), before, after))
	}
}

func remove(file string) change {
	return func(_ *testing.T, files map[string][]byte) { delete(files, file) }
}

func both(changes ...change) change {
	return func(t *testing.T, files map[string][]byte) {
		for _, c := range changes {
			c(t, files)
		}
	}
}

// TestEveryRuleCanFail breaks each rule in each way that it looks for, and the rule has
// to say so. A rule without a case fails.
func TestEveryRuleCanFail(t *testing.T) {
	good := small(t)
	for _, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			if len(breaks[rule.Name]) == 0 {
				t.Fatal("no case breaks it")
			}
			for name, c := range breaks[rule.Name] {
				files := maps.Clone(good)
				c(t, files)
				b, err := rules.Load(files)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if len(rule.Check(b)) == 0 {
					t.Errorf("%s: the rule is content", name)
				}
			}
		})
	}
	known := map[string]bool{}
	for _, rule := range rules.All() {
		if known[rule.Name] {
			t.Errorf("%s is there twice", rule.Name)
		}
		known[rule.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(breaks)) {
		if !known[name] {
			t.Errorf("cases of %s, which is no rule", name)
		}
	}
}

// TestLoadIsStrict: what the types don't know would be lost in silence.
func TestLoadIsStrict(t *testing.T) {
	good := small(t)
	for name, c := range map[string]change{
		"a field of the CSV":        set(csvFile, "x", "spec", "displayname"),
		"a field of a CRD":          set(crdFile, "x", "spec", "singular"),
		"a field of annotations":    set(annotationFile, "x", "labels"),
		"a field of scorecard":      set(scorecardFile, "x", "stages", 0, "serial"),
		"a field of a container":    set(csvFile, "x", "spec", "install", "spec", "deployments", 0, "spec", "template", "spec", "containers", 0, "img"),
		"no YAML":                   add("a.yaml", "a: ["),
		"a file elsewhere":          func(_ *testing.T, files map[string][]byte) { files["bundle/README.md"] = []byte("x") },
		"a second CSV":              func(_ *testing.T, files map[string][]byte) { files["bundle/manifests/b.yaml"] = files[csvFile] },
		"an instruction":            replace(dockerFile, "FROM scratch", "FROM scratch\nRUN true"),
		"an image to start from":    replace(dockerFile, "FROM scratch", "FROM busybox"),
		"a field of deployments":    set(csvFile, 1, "spec", "install", "spec", "deployments", 0, "replicas"),
		"a field of related images": set(csvFile, "x", "spec", "relatedImages", 0, "digest"),
	} {
		files := maps.Clone(good)
		c(t, files)
		if _, err := rules.Load(files); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
