// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCopiesAreCurrent fails when the module was updated without `make generate`.
func TestCopiesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := generate(dir); err != nil {
		t.Fatal(err)
	}
	want, have := readDir(t, dir), readDir(t, "../crds")
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("internal/manifest/schema/crds is stale, run `make generate`: (-want +have)\n%s", diff)
	}
}

func TestDropDescriptions(t *testing.T) {
	v := map[string]any{
		"description": "gone",
		"properties": map[string]any{
			// A field that is called description.
			"description": map[string]any{"type": "string", "description": "gone"},
		},
		"list": []any{map[string]any{"description": "gone", "type": "object"}},
	}
	dropDescriptions(v)
	want := map[string]any{
		"properties": map[string]any{"description": map[string]any{"type": "string"}},
		"list":       []any{map[string]any{"type": "object"}},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
