// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test keeps the documentation true where a program can tell: the
// YAML is taken by Kubera, links lead somewhere, and metrics have their names.
package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/test/docs/page"
)

// root of the repository, as seen from this folder.
const root = ".."

// pages are the paths of all Markdown of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join(root, "bin") || path == filepath.Join(root, ".git")):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 10 {
		t.Fatalf("only %d pages", len(paths))
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestYAML takes every block marked yaml as an API server, and kubera run, would
// take it. A block that is to show something else is not marked yaml.
func TestYAML(t *testing.T) {
	objects := 0
	for _, path := range pages(t) {
		for _, b := range page.Parse(read(t, path)).Blocks {
			if b.Language != "yaml" {
				continue
			}
			file := manifest.Parse(t.Context(), path, []byte(strings.Repeat("\n", b.Line-1)+b.Text))
			objects += len(file.Objects)
			for _, problem := range file.Problems {
				t.Error(problem)
			}
		}
	}
	if objects == 0 {
		t.Error("no page has YAML")
	}
}

// TestLinks follows links to files of the repository, and to the headings of pages.
func TestLinks(t *testing.T) {
	parsed := map[string]*page.Page{}
	for _, path := range pages(t) {
		parsed[path] = page.Parse(read(t, path))
	}
	followed := 0
	for path, p := range parsed {
		for _, l := range p.Links {
			target, anchor, _ := strings.Cut(l.Target, "#")
			if strings.Contains(target, ":") {
				continue // elsewhere
			}
			followed++
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s:%d: there is no %s", path, l.Line, target)
				continue
			}
			if anchor != "" && (parsed[to] == nil || !parsed[to].Anchors[anchor]) {
				t.Errorf("%s:%d: there is no #%s in %s", path, l.Line, anchor, to)
			}
		}
	}
	if followed == 0 {
		t.Error("no page has links")
	}
}
