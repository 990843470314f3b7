// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"testing"
)

// direct lists the modules that a go.mod requires without "// indirect".
func direct(t *testing.T, path string) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	modules := map[string]bool{}
	for _, r := range file.Require {
		if !r.Indirect {
			modules[r.Path] = true
		}
	}
	return modules
}

// Every direct dependency is explained, and nothing that is none.
func TestDependencies(t *testing.T) {
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z0-9]+\\.[a-z0-9.]+/[^`]+)`").FindAllStringSubmatch(read(t, "dependencies.md"), -1) {
		explained[m[1]] = true
	}
	needed := direct(t, "../go.mod")
	for module := range needed {
		if !explained[module] {
			t.Errorf("dependencies.md says nothing of %s", module)
		}
	}
	nested := direct(t, "../hack/kubernetes/go.mod")
	for module := range explained {
		if !needed[module] && !nested[module] {
			t.Errorf("dependencies.md explains %s, which is no direct dependency", module)
		}
	}
}
