// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/docs/page"
	"github.com/kubera-dev/kubera/test/docs/script"
)

// exampleFolders are those with objects for kubera run.
func exampleFolders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, entry := range entries {
		// Backends are for clusters, certificates for programs.
		if entry.IsDir() && entry.Name() != "backends" && entry.Name() != "certificates" {
			folders = append(folders, entry.Name())
		}
	}
	return folders
}

// TestEveryExampleIsShown demands that a README serves the example and shows an answer,
// which TestPages then tries, and that the index leads to it.
func TestEveryExampleIsShown(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(root, "examples/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, link := range page.Parse(string(index)).Links {
		linked = append(linked, link.Target)
	}
	for _, folder := range exampleFolders(t) {
		steps := readScript(t, "examples/"+folder+"/README.md").Steps
		served := slices.IndexFunc(steps, func(s script.Step) bool {
			return s.Action == script.Serve && strings.Contains(s.Command, "examples/"+folder)
		})
		answered := slices.IndexFunc(steps, func(s script.Step) bool {
			return s.Action == script.Run && s.Class == script.Local && s.Shown
		})
		if served < 0 || answered < served {
			t.Errorf("examples/%s/README.md does not serve it and show an answer", folder)
		}
		if !slices.Contains(linked, folder) {
			t.Errorf("examples/README.md does not lead to %s", folder)
		}
	}
}

// mistakes are what is wrong in examples on purpose.
var mistakes = map[string]string{
	"access-log": "Service default/missing does not exist",
}

// TestEveryExampleTranslates demands that nothing in an example needs mending.
func TestEveryExampleTranslates(t *testing.T) {
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range exampleFolders(t) {
		out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "kubera"), "translate", "--status-only", "-f", filepath.Join(root, "examples", folder)).CombinedOutput()
		if mistake := mistakes[folder]; mistake != "" {
			if err == nil || !strings.Contains(string(out), mistake) {
				t.Errorf("examples/%s: translate does not say %q:\n%s", folder, mistake, out)
			}
			continue
		}
		if err != nil {
			t.Errorf("examples/%s: %v\n%s", folder, err, out)
		}
	}
}
