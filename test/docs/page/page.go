// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"regexp"
	"strings"
)

// Page is what one file of Markdown holds.
type Page struct {
	// Notes are the comments before anything else: they are about the whole page.
	Notes []string
	// Blocks are its fenced code blocks, in their order.
	Blocks []Block
	// Indented are the lines, from 1, at which code blocks without a fence begin: they
	// have no language, so that nobody can tell what they are.
	Indented []int
	Links    []Link
	// Anchors are what links to the page may have behind the "#".
	Anchors map[string]bool
}

// Block is a fenced code block.
type Block struct {
	// Language is the first word behind the fence, or empty.
	Language string
	// Line of the page, from 1, that Text begins at.
	Line int
	// Text is the content, without the indentation of the fence.
	Text string
	// Notes are the comments (<!-- like this -->) on the lines right before the fence.
	Notes []string
}

// Link is the target of a link or of an image.
type Link struct {
	Line   int
	Target string
}

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code       = regexp.MustCompile("`[^`]*`")
	item       = regexp.MustCompile(`^ *([-*+]|\d+\.) `)
)

// Parse reads a page. Whatever it is, it can be read: a block whose fence is not closed
// ends with the page.
func Parse(text string) *Page {
	r := reader{page: &Page{Anchors: map[string]bool{}}, blank: true}
	for line := range strings.Lines(text) {
		r.number++
		r.line(strings.TrimRight(line, "\r\n"))
	}
	if r.open != nil {
		r.page.Blocks = append(r.page.Blocks, *r.open)
	}
	return r.page
}

type reader struct {
	page   *Page
	number int
	// open is the block that the line is in, fence what ends it, indent what is before it.
	open          *Block
	fence, indent string
	// notes were read since the last line of another kind.
	notes []string
	// begun: there was a line that is no comment.
	begun bool
	// blank: the last line was, or was of an indented block. list: it is in a list.
	blank, list, indented bool
}

func (r *reader) line(line string) {
	trimmed := strings.TrimSpace(line)
	if r.open != nil {
		if trimmed == r.fence {
			r.page.Blocks = append(r.page.Blocks, *r.open)
			r.open = nil
			return
		}
		r.open.Text += strings.TrimPrefix(line, r.indent) + "\n"
		return
	}
	if info := strings.TrimLeft(trimmed, "`"); len(trimmed)-len(info) >= 3 {
		language, _, _ := strings.Cut(info, " ")
		r.fence = trimmed[:len(trimmed)-len(info)]
		r.indent = line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		r.open = &Block{Language: language, Line: r.number + 1, Notes: r.notes}
		r.notes, r.blank = nil, true
		return
	}
	if note, ok := strings.CutPrefix(trimmed, "<!--"); ok && strings.HasSuffix(note, "-->") {
		note = strings.TrimSpace(strings.TrimSuffix(note, "-->"))
		if r.begun {
			r.notes = append(r.notes, note)
		} else {
			r.page.Notes = append(r.page.Notes, note)
		}
		return
	}
	r.begun = true
	r.notes = nil
	r.prose(line, trimmed)
}

// code is the indentation of code without a fence.
func (r *reader) code() string {
	if r.list {
		return "       "
	}
	return "    "
}

// prose is a line outside of code and comments.
func (r *reader) prose(line, trimmed string) {
	switch {
	case trimmed == "":
		r.blank = true
		return
	case strings.HasPrefix(line, r.code()) && (r.blank || r.indented):
		if !r.indented {
			r.page.Indented = append(r.page.Indented, r.number)
		}
		r.indented = true
		return
	case item.MatchString(line):
		r.list = true
	case !strings.HasPrefix(line, " "):
		r.list = r.list && !r.blank
	}
	r.blank, r.indented = false, false
	r.anchors(line)
	for _, match := range linkTarget.FindAllStringSubmatch(code.ReplaceAllString(line, ""), -1) {
		r.page.Links = append(r.page.Links, Link{r.number, match[1]})
	}
}
