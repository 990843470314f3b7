// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

var (
	heading  = regexp.MustCompile(`^#{1,6} +(.*?)[ #]*$`)
	explicit = regexp.MustCompile(`<a id="([^"]+)"></a>`)
	linked   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// anchors adds those of a line: of its heading, and those that it sets.
func (r *reader) anchors(line string) {
	for _, match := range explicit.FindAllStringSubmatch(line, -1) {
		r.page.Anchors[match[1]] = true
	}
	match := heading.FindStringSubmatch(line)
	if match == nil {
		return
	}
	anchor := slug(match[1])
	for n := 1; r.page.Anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug(match[1]), n)
	}
	r.page.Anchors[anchor] = true
}

// slug is the anchor that GitHub gives a heading.
func slug(heading string) string {
	text := linked.ReplaceAllString(heading, "$1")
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			return unicode.ToLower(c)
		}
		return -1
	}, text)
}
