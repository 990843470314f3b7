// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func replace(text, class string) string { return strings.ReplaceAll(text, "%CLASS%", class) }

func TestList(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"b.yaml", "a.yml", "c.json", "D.YAML", "sub/e.yaml", "sub/deep/f.yaml",
		// What is not read.
		"notes.txt", "kustomization.yaml", "kustomization.yml", ".hidden.yaml", ".git/config.yaml", ".b.yaml.swp", "b.yaml~", "#b.yaml#", ".#b.yaml", "4913",
	} {
		write(t, filepath.Join(dir, name), "")
	}
	// A link to a file that is there, to nothing, and a folder in a circle.
	for link, target := range map[string]string{"link.yaml": "b.yaml", "gone.txt": "nowhere", "sub/circle": ".."} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	l := List([]string{filepath.Join(dir, "sub", "e.yaml"), dir, dir, filepath.Join(dir, "notes.txt")})
	relative := func(paths []string) (list []string) {
		for _, path := range paths {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rel)
		}
		return list
	}
	want := []string{"sub/e.yaml", "D.YAML", "a.yml", "b.yaml", "c.json", "sub/deep/f.yaml", "notes.txt"}
	if diff := cmp.Diff(want, relative(l.Files)); diff != "" {
		t.Errorf("files (-want +have)\n%s", diff)
	}
	if diff := cmp.Diff([]string{".", "sub", "sub/deep"}, relative(l.Folders)); diff != "" {
		t.Errorf("folders (-want +have)\n%s", diff)
	}
	if len(l.Problems) != 0 {
		t.Errorf("problems %v", l.Problems)
	}
}

// TestListMountedConfigMap reads a folder laid out as the kubelet does, by links
// through a hidden folder that is swapped as a whole.
func TestListMountedConfigMap(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/..2026/a.yaml", "")
	for _, link := range [][2]string{{"..2026", "..data"}, {"..data/a.yaml", "a.yaml"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{dir + "/a.yaml"}, List([]string{dir}).Files); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

func TestListDanglingManifest(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nowhere", dir+"/a.yaml"); err != nil {
		t.Fatal(err)
	}
	l := List([]string{dir})
	if len(l.Problems) != 1 || l.Problems[0].String() != dir+"/a.yaml: no such file or directory" {
		t.Errorf("problems %v", l.Problems)
	}
}
