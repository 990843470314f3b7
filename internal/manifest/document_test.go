// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocuments(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string // line: text
	}{
		{"empty", "", nil},
		{"only comments", "# a\n---\n\n---\n# b", nil},
		{"one without newline", "a: 1", []string{`0: "a: 1"`}},
		{"two", "a: 1\n---\nb: 1\n", []string{`0: "a: 1\n"`, `2: "b: 1\n"`}},
		{"carriage returns", "a: 1\r\n---\r\nb: 1\r\n", []string{`0: "a: 1\r\n"`, `2: "b: 1\r\n"`}},
		{"comment on the marker", "--- # x\na: 1\n", []string{`1: "a: 1\n"`}},
		{"content on the marker", "x: 1\n--- {a: 1}\n", []string{`0: "x: 1\n"`, `1: "--- {a: 1}\n"`}},
		{"end marker", "a: 1\n...\nb: 1\n", []string{`0: "a: 1\n"`, `2: "b: 1\n"`}},
		{"directive", "%YAML 1.1\n---\na: 1\n", []string{`2: "a: 1\n"`}},
		{"byte order mark", "\xef\xbb\xbfa: 1\n", []string{`0: "a: 1\n"`}},
		{"no marker", "----\na: |\n  ---\n", []string{`0: "----\na: |\n  ---\n"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var have []string
			for line, doc := range documents([]byte(test.text)) {
				have = append(have, fmt.Sprintf("%d: %q", line, doc))
			}
			if diff := cmp.Diff(test.want, have); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

func TestDocumentsStops(t *testing.T) {
	for range documents([]byte("a: 1\n---\nb: 1\n")) {
		break
	}
}

// TestParseDocumentAsKubectl: YAML 1.1, in which yes is a boolean, and whole
// numbers stay whole.
func TestParseDocumentAsKubectl(t *testing.T) {
	value, _, err := parseDocument([]byte("a: yes\nb: 9007199254740993\nc: 1.5\nd: '1'\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": true, "b": int64(9007199254740993), "c": 1.5, "d": "1"}
	if diff := cmp.Diff(any(want), value); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

// TestParseDocumentAliasBomb must end at once instead of filling the memory.
func TestParseDocumentAliasBomb(t *testing.T) {
	text := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 12 {
		text += fmt.Sprintf("a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i)
	}
	if _, _, err := parseDocument([]byte(text)); err == nil {
		t.Error("taken")
	}
}
