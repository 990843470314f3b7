// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	for name, test := range map[string]struct {
		text []string
		want []Block
	}{
		"of two languages": {
			[]string{"a", "```yaml", "b: 1", "c: 2", "```", "d", "```", "e", "```"},
			[]Block{{Language: "yaml", Line: 3, Text: "b: 1\nc: 2\n"}, {Line: 8, Text: "e\n"}},
		},
		"in a list": {
			[]string{"1. a", "", "   ```sh", "   make", "     more", "", "   ```", "2. b"},
			[]Block{{Language: "sh", Line: 4, Text: "make\n  more\n\n"}},
		},
		"with notes": {
			[]string{"a", "<!-- far -->", "a", "<!-- file: a.yaml -->", "<!--b-->", "```yaml", "```"},
			[]Block{{Language: "yaml", Line: 7, Notes: []string{"file: a.yaml", "b"}}},
		},
		"with a fence inside": {
			[]string{"````md", "```", "````"},
			[]Block{{Language: "md", Line: 2, Text: "```\n"}},
		},
		"not closed": {
			[]string{"```sh title", "make"},
			[]Block{{Language: "sh", Line: 2, Text: "make\n"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			have := Parse(strings.Join(test.text, "\n")).Blocks
			if diff := cmp.Diff(test.want, have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	p := Parse("<!-- whole -->\n# a\n<!-- block -->\n```sh\n```\n")
	if want := []string{"whole"}; !slices.Equal(p.Notes, want) {
		t.Errorf("the page has %q, want %q", p.Notes, want)
	}
	if want := []string{"block"}; !slices.Equal(p.Blocks[0].Notes, want) {
		t.Errorf("the block has %q, want %q", p.Blocks[0].Notes, want)
	}
}

func TestIndented(t *testing.T) {
	text := "a\n\n    make\n    more\n\nb\n    of b\n1. item\n\n    of the item\n\n       make\n\nc\n\n    make\n\n```\n    d\n```\n"
	if have, want := Parse(text).Indented, []int{3, 12, 16}; !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

func TestLinks(t *testing.T) {
	text := "[a](a.md) and [b](b.md#c)\n```\n[c](c.md)\n```\n`[d](d.md)` ![e](e.svg)\n"
	want := []Link{{1, "a.md"}, {1, "b.md#c"}, {5, "e.svg"}}
	if diff := cmp.Diff(want, Parse(text).Links); diff != "" {
		t.Error(diff)
	}
}

func TestAnchors(t *testing.T) {
	text := strings.Join([]string{
		"# kubera-proxy", "## `spec.deployment`", "## TLSRoutes, TCPRoutes and UDPRoutes", "## What is [wrong](a.md)?",
		"## Twice", "## Twice", "```", "# no heading", "```", `| <a id="kind-field"></a>field |`, "#hashtag", "### A_b ###",
	}, "\n")
	want := []string{
		"a_b", "kind-field", "kubera-proxy", "specdeployment", "tlsroutes-tcproutes-and-udproutes", "twice", "twice-1", "what-is-wrong",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(Parse(text).Anchors))); diff != "" {
		t.Error(diff)
	}
}
