// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func service(name string, port int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: %d}]}\n---\n", name, port)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// served lists the Services of a set with their first port.
func served(s *Set) []string {
	var list []string
	for _, service := range s.Snapshot.Services {
		list = append(list, fmt.Sprintf("%s:%d", service.Name, service.Spec.Ports[0].Port))
	}
	return list
}

// TestLoaderKeepsTheLastGoodForm changes one file through states that a person who
// edits it goes through.
func TestLoaderKeepsTheLastGoodForm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.yaml")
	loader := &Loader{Paths: []string{file}}
	const unreadable = "kind: [\n---\n"
	for _, step := range []struct {
		name, text string
		served     []string
		problems   int
		kept       int
	}{
		{"broken from the start", service("a", 1) + unreadable, []string{"a:1"}, 1, 0},
		{"good", service("a", 1) + service("b", 1), []string{"a:1", "b:1"}, 0, 0},
		{"an object refused", service("a", 2) + service("b", 0), []string{"a:2", "b:1"}, 1, 1},
		{"a document broken", service("a", 3) + unreadable, []string{"a:3", "b:1"}, 1, 1},
		{"still broken", service("a", 4) + unreadable + "# more\n", []string{"a:4", "b:1"}, 1, 1},
		{"an object without name", strings.Replace(service("b", 7), "name:", "nam:", 1) + service("a", 5), []string{"a:5", "b:1"}, 1, 1},
		{"mended", service("a", 5) + service("b", 5), []string{"a:5", "b:5"}, 0, 0},
		{"one taken out, the other refused", service("a", 0), []string{"a:5"}, 1, 1},
		{"good again", service("a", 6) + service("b", 6), []string{"a:6", "b:6"}, 0, 0},
		{"truncated", "", []string{"a:6", "b:6"}, 1, 2},
		{"truncated, with a newline", "\n", []string{"a:6", "b:6"}, 1, 2},
		{"half written", service("a", 7) + "apiVer", []string{"a:7", "b:6"}, 1, 1},
		{"written", service("a", 7) + service("b", 7), []string{"a:7", "b:7"}, 0, 0},
		{"one taken out", service("b", 7), []string{"b:7"}, 0, 0},
		{"commented out", "# nothing\n", nil, 0, 0},
		{"truncated with nothing in it", "", nil, 0, 0},
	} {
		write(t, file, step.text)
		set := loader.Load(t.Context())
		if diff := cmp.Diff(step.served, served(set)); diff != "" {
			t.Errorf("%s: served (-want +have)\n%s", step.name, diff)
		}
		if len(set.Problems) != step.problems || len(set.Kept) != step.kept {
			t.Errorf("%s: %d kept, problems %v", step.name, len(set.Kept), set.Problems)
		}
	}
}

// TestLoaderTakesMovedObjects: what is kept of a file gives way to another file that
// has it now, for good.
func TestLoaderTakesMovedObjects(t *testing.T) {
	dir := t.TempDir()
	loader := &Loader{Paths: []string{dir}}
	step := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, served(loader.Load(t.Context()))); diff != "" {
			t.Errorf("(-want +have)\n%s", diff)
		}
	}
	write(t, dir+"/a.yaml", service("one", 1)+service("two", 1))
	step("one:1", "two:1")
	write(t, dir+"/a.yaml", "")
	write(t, dir+"/b.yaml", service("one", 2))
	step("two:1", "one:2")
	if err := os.Remove(dir + "/b.yaml"); err != nil {
		t.Fatal(err)
	}
	step("two:1")
	if err := os.Remove(dir + "/a.yaml"); err != nil {
		t.Fatal(err)
	}
	step()
}

func TestLoaderForgetsRemovedFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.yaml", service("a", 1))
	write(t, dir+"/b.yaml", service("b", 1))
	loader := &Loader{Paths: []string{dir}}
	if diff := cmp.Diff([]string{"a:1", "b:1"}, served(loader.Load(t.Context()))); diff != "" {
		t.Fatal(diff)
	}
	if err := os.Remove(dir + "/a.yaml"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b:1"}, served(loader.Load(t.Context()))); diff != "" {
		t.Error(diff)
	}
}

// TestLoaderSharesWhatDidNotChange: objects of files with the same content are the
// same values, which spares all later stages.
func TestLoaderSharesWhatDidNotChange(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.yaml", service("a", 1))
	write(t, dir+"/b.yaml", service("b", 1))
	loader := &Loader{Paths: []string{dir}}
	first := loader.Load(t.Context())
	write(t, dir+"/b.yaml", service("b", 2))
	second := loader.Load(t.Context())
	if first.Snapshot.Services[0] != second.Snapshot.Services[0] {
		t.Error("a was parsed again")
	}
	if first.Snapshot.Services[1] == second.Snapshot.Services[1] {
		t.Error("b was not parsed again")
	}
}

func TestLoaderStdin(t *testing.T) {
	loader := &Loader{Paths: []string{Stdin}, Stdin: strings.NewReader(service("a", 1) + "oops")}
	for range 2 {
		set := loader.Load(t.Context())
		if diff := cmp.Diff([]string{"a:1"}, served(set)); diff != "" {
			t.Error(diff)
		}
		if len(set.Problems) != 1 || set.Problems[0].Position.String() != "-:6:1" {
			t.Errorf("problems %v", set.Problems)
		}
	}
}

func TestLoaderUnreadablePaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.yaml", service("a", 1))
	loader := &Loader{Paths: []string{dir + "/missing", dir, Stdin}}
	set := loader.Load(t.Context())
	if diff := cmp.Diff([]string{"a:1"}, served(set)); diff != "" {
		t.Error(diff)
	}
	var have []string
	for _, p := range set.Problems {
		have = append(have, p.String())
	}
	want := []string{dir + "/missing: no such file or directory", "-: there is no standard input"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}
