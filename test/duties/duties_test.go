// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDuties compares the documentation of the API with the table. To add an entry,
// see the package comment.
func TestDuties(t *testing.T) {
	sentences := readSentences(t)
	tests := &references{t: t, packages: map[string]*testPackage{}}
	quotes := map[string][]string{}
	for _, g := range readTable(t) {
		for _, d := range g.Duties {
			if wrong := d.wrong(); wrong != "" {
				t.Errorf("%s: %q: %s", strings.Join(g.In, ", "), d.Quote, wrong)
			}
			for _, test := range d.Tests {
				if missing := tests.missing(test); missing != "" {
					t.Errorf("%s: %q: %s: %s", strings.Join(g.In, ", "), d.Quote, test, missing)
				}
			}
			for _, about := range g.In {
				quotes[about] = append(quotes[about], d.Quote)
			}
		}
	}
	for _, about := range slices.Sorted(maps.Keys(sentences)) {
		for _, s := range sentences[about] {
			if n := count(quotes[about], func(quote string) bool { return strings.Contains(s, quote) }); n != 1 {
				t.Errorf("%s: %d quotes are in the sentence, want one: %s", about, n, s)
			}
		}
	}
	for _, about := range slices.Sorted(maps.Keys(quotes)) {
		for _, quote := range quotes[about] {
			if n := count(sentences[about], func(s string) bool { return strings.Contains(s, quote) }); n != 1 {
				t.Errorf("%s: %d sentences have the quote, want one: %q", about, n, quote)
			}
		}
	}
}

func count(list []string, has func(string) bool) int {
	n := 0
	for _, s := range list {
		if has(s) {
			n++
		}
	}
	return n
}
