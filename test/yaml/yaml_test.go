// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/yaml/check"
)

const root = "../.."

// notOurs are directories that hold nothing of the repository.
var notOurs = map[string]bool{".git": true, "bin": true, "dist": true, "node_modules": true}

// exceptions are files that are no objects, or not as they are, by the beginning of
// their paths, and why. syntax says whether they are YAML nevertheless.
var exceptions = []struct {
	path   string
	syntax bool
	why    string
}{
	{"charts/kubera/templates/", false, "templates: what helm renders is checked by make helm-lint"},
	{"test/cluster/component/templates/", false, "templates of configurations of Kubernetes' own programs, which read them strictly"},
	{"internal/manifest/testdata/", false, "some is wrong on purpose"},
	{"charts/kubera/", true, "values, which have a schema, and Chart.yaml, which helm lint checks"},
	{"internal/gatewayapi/testdata/", true, "cases, some with wrong objects, whose outcome is in them"},
	{"internal/infra/testdata/bad-patch.yaml", false, "its output is an error"},
	{"internal/infra/testdata/", true, "cases, of which the output is checked by its test"},
	{"test/semantics/testdata/", true, "cases, which its test admits as kubera run does"},
	{"test/duties/testdata/", true, "a table that its test reads strictly"},
	{"test/monitoring/", true, "tests of alerts, which its test reads strictly"},
	{"config/prometheus/rules/alerts.yaml", true, "alerts, which test/monitoring reads as Prometheus does"},
	{"bundle/metadata/", true, "hack/bundle checks it"},
	{".github/", true, "workflows"},
	{".golangci.yml", true, "golangci-lint reads it strictly"},
}

// files are those of the repository that end as YAML does, as paths from its root.
func files(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && notOurs[entry.Name()]:
			return fs.SkipDir
		case !entry.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")):
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			paths = append(paths, filepath.ToSlash(relative))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestYAML checks every file of the repository: objects as an API server does, others as
// what they are.
func TestYAML(t *testing.T) {
	checker, err := check.New()
	if err != nil {
		t.Fatal(err)
	}
	all := files(t)
	parts := map[string]bool{} // of kustomizations
	for _, path := range all {
		if filepath.Base(path) != "kustomization.yaml" {
			continue
		}
		of, errs := checker.Kustomize(filepath.Join(root, filepath.Dir(path)))
		for _, err := range errs {
			t.Errorf("%s: %v", path, err)
		}
		parts[path] = true
		for _, part := range of {
			relative, err := filepath.Rel(root, part)
			if err != nil {
				t.Fatal(err)
			}
			parts[filepath.ToSlash(relative)] = true
		}
	}
	used := make([]bool, len(exceptions))
	checked := 0
	for _, path := range all {
		if parts[path] {
			continue
		}
		data, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if i := exception(path); i >= 0 {
			used[i] = true
			if exceptions[i].syntax {
				if _, err := check.Documents(data); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			continue
		}
		objects, errs := checker.Stream(t.Context(), data)
		for _, err := range errs {
			t.Errorf("%s: %v", path, err)
		}
		checked += objects
	}
	for i, e := range exceptions {
		if !used[i] {
			t.Errorf("there is nothing in %s: no exception is needed", e.path)
		}
	}
	if checked < 50 {
		t.Errorf("%d objects were checked", checked)
	}
}

func exception(path string) int {
	for i, e := range exceptions {
		if strings.HasPrefix(path, e.path) {
			return i
		}
	}
	return -1
}
