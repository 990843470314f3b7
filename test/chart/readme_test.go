// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of values in the chart's README")

const (
	tableBegin = "<!-- values: made by make chart-readme -->\n"
	tableEnd   = "<!-- end of values -->\n"
)

// TestReadme: the README has all values as values.yaml has them.
func TestReadme(t *testing.T) {
	const path = directory + "/README.md"
	page := string(read(t, path))
	before, rest, begins := strings.Cut(page, tableBegin)
	_, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatal("the README has no place for the values")
	}
	var table strings.Builder
	table.WriteString("| value | default | |\n|---|---|---|\n")
	for _, v := range values(t) {
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", v.path, asJSON(t, v.fallback), strings.ReplaceAll(v.explanation, "|", `\|`))
	}
	want := before + tableBegin + table.String() + tableEnd + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("run make chart-readme: - values.yaml, + README.md:\n%s", diff)
	}
}
