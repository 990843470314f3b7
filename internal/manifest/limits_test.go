// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestHostileDocuments: each is refused with a reason and without using much memory,
// and the good document behind it is read.
func TestHostileDocuments(t *testing.T) {
	repeat := strings.Repeat
	levels := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 12 {
		levels += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, repeat(fmt.Sprintf("*a%d,", i), 9))
	}
	for _, test := range []struct{ name, text, want string }{
		{"aliases of aliases", levels, "aliases make it longer than 64 MiB"},
		{"aliases of a long string", "a: &a '" + repeat("x", 100_000) + "'\nb: [" + repeat("*a,", 1000) + "]\n", "aliases make it longer than 64 MiB"},
		{"merged aliases", "a: &a {k: '" + repeat("x", 100_000) + "'}\nb: [" + repeat("{<<: *a},", 1000) + "]\n", "aliases make it longer than 64 MiB"},
		{"many aliases", "a: &a [" + repeat("x,", 1000) + "]\nb: [" + repeat("*a,", 4000) + "]\n", "excessive aliasing"},
		{"an alias in itself", "a: &a [*a]\n", "aliases make it longer than 64 MiB"},
		{"open brackets", repeat("[", 100_000), "max depth"},
		{"open braces", repeat("{a: ", 100_000), "max depth"},
		{"nested sequences", repeat("- ", 100_000), "max depth"},
		{"nested keys", repeat("? ", 100_000), "max depth"},
		{"closed brackets", "[" + repeat("[", 5000) + repeat("]", 5000) + "]", "not an object"},
		{"nested lists", repeat("{kind: List, items: [", 4000) + "x" + repeat("]}", 4000), "not an object"},
		{"many values", repeat("-\n", maxWords+1), "more than 2097152 values in one document"},
		{"many values in brackets", "[" + repeat("[],", maxWords+1) + "]", "more than 2097152 values in one document"},
		{"a number of many digits", "a: " + repeat("9", 1_000_000), "apiVersion: Required value"},
		{"a large exponent", "apiVersion: gateway.kubera.dev/v1alpha1\nkind: GatewayParameters\nmetadata: {name: x}\nspec: {proxy: {limits: {maxRequestBodyBytes: '1e99999999'}}}\n", "must be a whole number of bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.text + "\n---\n" + service("good", 1)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			file := Parse(t.Context(), "f.yaml", []byte(text))
			runtime.ReadMemStats(&after)
			if len(file.Problems) != 1 || !strings.Contains(file.Problems[0].String(), test.want) {
				t.Errorf("%d problems, want one with %q: %.300v", len(file.Problems), test.want, file.Problems)
			}
			if len(file.Objects) != 1 || file.Objects[0].Name != "good" {
				t.Errorf("objects %v", file.Objects)
			}
			// All that was allocated, not only what was in use at once.
			if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
				t.Errorf("%d MiB were allocated", used>>20)
			}
		})
	}
}

// TestParseStops: a file of nothing but mistakes or objects is not read to its end,
// and what it may have held before is kept.
func TestParseStops(t *testing.T) {
	for _, test := range []struct {
		name, text        string
		objects, problems int
		want              string
	}{
		{"mistakes", strings.Repeat("a: [\n---\n", 20*maxProblems), 0, maxProblems + 1, "f.yaml:1999: not read further: 1000 problems"},
		{"mistakes in a list", "kind: List\nitems:\n" + strings.Repeat("- x\n", 20*maxProblems), 0, maxProblems + 1, "f.yaml:1002:3: not read further: 1000 problems"},
		{"objects", strings.Repeat(service("a", 1), maxObjects+10), maxObjects, 1, "not read further: more than 49999 objects: split the file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := Parse(t.Context(), "f.yaml", []byte(test.text))
			if len(file.Objects) != test.objects || len(file.Problems) != test.problems || !file.broken {
				t.Fatalf("%d objects, %d problems, broken: %t", len(file.Objects), len(file.Problems), file.broken)
			}
			if last := file.Problems[len(file.Problems)-1].String(); !strings.Contains(last, test.want) {
				t.Errorf("the last problem is %q, want %q", last, test.want)
			}
		})
	}
}

// TestParseEndsWithContext: who stops the program doesn't wait for a large file.
func TestParseEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := Parse(ctx, "f.yaml", []byte(strings.Repeat(service("a", 1), 1000)))
	if len(file.Objects) > 1 || !file.broken {
		t.Errorf("%d objects, broken: %t", len(file.Objects), file.broken)
	}
}

// TestLargeFile is refused by its length, and nothing of it is parsed.
func TestLargeFile(t *testing.T) {
	path := t.TempDir() + "/a.yaml"
	write(t, path, service("a", 1))
	loader := &Loader{Paths: []string{path}}
	loader.Load(t.Context())
	if err := os.Truncate(path, 100<<20); err != nil { // sparse
		t.Fatal(err)
	}
	set := loader.Load(t.Context())
	if len(set.Problems) != 1 || set.Problems[0].String() != path+": longer than 64 MiB: split it" {
		t.Errorf("problems %v", set.Problems)
	}
	if len(served(set)) != 1 {
		t.Errorf("what it held is not kept")
	}
}

// TestCarriageReturns end lines in YAML, but not in editors.
func TestCarriageReturns(t *testing.T) {
	for text, line := range map[string]int{"ob\r\r\r\r\r\rjects:\n ": 2, "\r\r\rkind: 1": 1} {
		file := Parse(t.Context(), "f.yaml", []byte(text))
		if len(file.Problems) == 0 || file.Problems[0].Line > line {
			t.Errorf("%q: %v", text, file.Problems)
		}
	}
}
