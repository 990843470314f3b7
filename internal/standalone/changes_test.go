// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/internal/manifest"
)

func setOf(t *testing.T, ports map[string]int) *manifest.Set {
	t.Helper()
	var text strings.Builder
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if port, ok := ports[name]; ok {
			fmt.Fprintf(&text, "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {ports: [{port: %d}]}\n---\n", name, port)
		}
	}
	set := manifest.Merge([]*manifest.File{manifest.Parse(t.Context(), "x.yaml", []byte(text.String()))})
	if set.Bad() {
		t.Fatal(set.Problems)
	}
	return set
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after map[string]int
		want          string
	}{
		{"nothing", map[string]int{"a": 1}, map[string]int{"a": 1}, "nothing changed"},
		{"changed", map[string]int{"a": 1, "b": 1}, map[string]int{"a": 2, "b": 1}, "Service default/a changed"},
		{
			"all kinds", map[string]int{"a": 1, "b": 1}, map[string]int{"a": 2, "c": 1},
			"Service default/a changed, Service default/c added, Service default/b removed",
		},
		{
			"many", map[string]int{"a": 1}, map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1},
			"Service default/b added, Service default/c added, Service default/d added and 1 more",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := Compare(setOf(t, test.before), setOf(t, test.after))
			if have := changes.String(); have != test.want {
				t.Errorf("have %q, want %q", have, test.want)
			}
			if changes.Empty() != (test.want == "nothing changed") {
				t.Errorf("empty is %t", changes.Empty())
			}
		})
	}
	if have := Compare(nil, setOf(t, map[string]int{"a": 1})).String(); have != "Service default/a added, Namespace default added" {
		t.Errorf("from nothing: %q", have)
	}
}
