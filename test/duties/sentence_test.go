// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	demand = regexp.MustCompile(`(?i)\b(must|should)\b`)
	// item begins an entry of a list.
	item = regexp.MustCompile(`^\s*([*-]|\d+[.)]|[A-Z]\))\s+(\S)`)
	// marker begins a line for generators.
	marker = regexp.MustCompile(`^\s*(\+\w|</?gateway:)`)
	// end is that of a sentence, with what it may be wrapped in.
	end = regexp.MustCompile("[.!?][)`\"_*]*\\s+")
)

// abbreviations end with a dot and no sentence.
var abbreviations = []string{"e.g.", "(e.g.", "i.e.", "(i.e.", "etc."}

// demands gives the sentences of a comment that have a must or a should, each once,
// with single spaces. Entries of a list are apart from what introduces it.
func demands(comment string) []string {
	var found []string
	for _, block := range blocks(comment) {
		for _, s := range split(block) {
			if demand.MatchString(s) && !slices.Contains(found, s) {
				found = append(found, s)
			}
		}
	}
	return found
}

// blocks gives paragraphs and entries of lists.
func blocks(comment string) []string {
	var list []string
	fresh := true
	for line := range strings.Lines(comment) {
		if strings.TrimSpace(line) == "" || marker.MatchString(line) {
			fresh = true
			continue
		}
		if item.MatchString(line) {
			line, fresh = item.ReplaceAllString(line, "$2"), true
		}
		text := strings.Join(strings.Fields(line), " ")
		if fresh {
			list = append(list, text)
			fresh = false
			continue
		}
		list[len(list)-1] += " " + text
	}
	return list
}

func split(block string) []string {
	var sentences []string
	begin := 0
	for _, at := range end.FindAllStringIndex(block, -1) {
		words := strings.Fields(block[begin:at[1]])
		if slices.Contains(abbreviations, words[len(words)-1]) {
			continue
		}
		sentences = append(sentences, strings.TrimSpace(block[begin:at[1]]))
		begin = at[1]
	}
	if rest := strings.TrimSpace(block[begin:]); rest != "" {
		sentences = append(sentences, rest)
	}
	return sentences
}

func TestDemands(t *testing.T) {
	const comment = `
A name MUST be short. It may be
empty, e.g. for tests, and then should not be shown.

Addresses must be one of the following:

* IPv4, which
  should be preferred (see "RFC 791.")  The rest is
  not said.
* If there is none the gateway SHOULD return a
  404.

1. The first must be one.
B) The second is none.

  +kubebuilder:validation:XValidation:message="must not be set",rule="!has(self)"
<gateway:experimental>
The musty SHOULDER is none. A name MUST be short.
`
	want := []string{
		"A name MUST be short.",
		"It may be empty, e.g. for tests, and then should not be shown.",
		"Addresses must be one of the following:",
		`IPv4, which should be preferred (see "RFC 791.")`,
		"If there is none the gateway SHOULD return a 404.",
		"The first must be one.",
	}
	if diff := cmp.Diff(want, demands(comment)); diff != "" {
		t.Errorf("demands() differ (-want +got):\n%s", diff)
	}
}
