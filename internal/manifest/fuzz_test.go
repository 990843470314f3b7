// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse: whatever a file holds, parsing ends, positions lie in the file, and
// every object can be named, found and merged. Run it with -fuzzminimizetime 10x:
// minimizing the seeds, which are long, takes minutes in which nothing new is tried.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/parse/*")
	if err != nil || len(seeds) == 0 {
		f.Fatal(seeds, err)
	}
	for _, seed := range seeds {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("ob\r\r\r\r\r\rjects:\n "))
	f.Add([]byte("a: &a {k: x}\nb: {<<: [*a, *a]}\n"))
	f.Add([]byte("kind: List\nitems: [{kind: List, items: []}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := Parse(t.Context(), "f.yaml", data)
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, problem := range file.Problems {
			if problem.Line < 1 || problem.Line > lines+1 || problem.Message == "" {
				t.Errorf("of %d lines: %s", lines, problem)
			}
		}
		for _, object := range file.Objects {
			if at := object.Position(); at.Line < 1 || at.Line > lines {
				t.Errorf("of %d lines: %s at %s", lines, object.Key, at)
			}
			if object.Name == "" || object.Value.GetName() != object.Name || object.Value.GetNamespace() != object.Namespace {
				t.Errorf("%s holds %s/%s", object.Key, object.Value.GetNamespace(), object.Value.GetName())
			}
		}
		set := Merge([]*File{file})
		for _, object := range file.Objects {
			if set.Find(object.Key) == nil {
				t.Errorf("%s was lost", object.Key)
			}
		}
	})
}
