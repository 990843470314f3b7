// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// lines of a file that begin with a prefix, without it.
func lines(t *testing.T, file, prefix string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			found = append(found, rest)
		}
	}
	return found
}

// within says whether one of the directories is, or has, the path.
func within(path string, directories []string) bool {
	return slices.ContainsFunc(directories, func(directory string) bool {
		return path == directory || strings.HasPrefix(path, directory+"/")
	})
}

// TestContext: what the programs are built from is in the context of the builds, and is
// copied. Otherwise the next build of an image tells, and nothing before.
func TestContext(t *testing.T) {
	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	context := lines(t, ".dockerignore", "!")
	for file, program := range map[string]string{"Dockerfile.controller": "./cmd/controller", "Dockerfile.proxy": "./cmd/proxy"} {
		var copied []string
		for _, arguments := range lines(t, file, "COPY ") {
			if from, _, _ := strings.Cut(arguments, "/ "); !strings.HasPrefix(arguments, "--from") {
				copied = append(copied, from)
			}
		}
		list := exec.CommandContext(t.Context(), "go", "list", "-deps",
			"-f", "{{if and .Module .Module.Main}}{{.Dir}}{{end}}", program)
		list.Dir = root
		out, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		directories := strings.Fields(string(out))
		if len(directories) < 10 {
			t.Errorf("%s is built from %d packages only", program, len(directories))
		}
		for _, directory := range directories {
			path, err := filepath.Rel(module, directory)
			if err != nil {
				t.Fatal(err)
			}
			if !within(path, context) {
				t.Errorf(".dockerignore keeps %s out, of which %s is built", path, program)
			}
			if !within(path, copied) {
				t.Errorf("%s copies no %s", file, path)
			}
		}
	}
}
