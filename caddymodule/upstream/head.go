// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bytes"
	"net/http"
)

// head is the status line of a response; its fields are in the map given to
// parseHead.
type head struct {
	status int
	minor  byte // of HTTP/1.minor
}

// parseHead reads a status line and the fields after it into h, which should be
// empty. The block is changed: names become canonical in place, so that one
// string holds the whole header. Lines may end in LF alone (RFC 9112, 2.2), as
// what is sent on is written anew; folded lines and control characters are
// refused.
func parseHead(block []byte, h http.Header) (head, error) {
	before, after, ok := bytes.Cut(block, []byte{'\n'})
	if !ok {
		return head{}, errMalformedHead
	}
	hd, err := parseStatusLine(trimCR(before))
	if err != nil {
		return head{}, err
	}
	return hd, parseFields(after, h)
}

// parseStatusLine reads "HTTP/1.1 200 OK". The reason phrase is not kept.
func parseStatusLine(line []byte) (head, error) {
	const form = "HTTP/1.1 200"
	if len(line) < len(form) || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return head{}, errMalformedHead
	}
	hd := head{minor: line[7] - '0'}
	if hd.minor > 1 {
		return head{}, errMalformedHead
	}
	for _, d := range line[9:12] {
		if d < '0' || d > '9' {
			return head{}, errMalformedHead
		}
		hd.status = hd.status*10 + int(d-'0')
	}
	if hd.status < 100 || len(line) > len(form) && line[12] != ' ' {
		return head{}, errMalformedHead
	}
	return hd, validValue(line[len(form):])
}

// parseFields reads header fields up to an empty line, which must be the last.
func parseFields(block []byte, h http.Header) error {
	lines := bytes.Count(block, []byte{'\n'}) - 1
	if lines < 0 {
		return errMalformedHead
	}
	// First the names and values are checked, then the block becomes a string
	// that all of them are parts of.
	for rest := block; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return errMalformedHead
		}
		line := trimCR(rest[:i])
		rest = rest[i+1:]
		if len(line) == 0 {
			if len(rest) > 0 {
				return errMalformedHead
			}
			break
		}
		if err := checkField(line); err != nil {
			return err
		}
	}
	text := string(block)
	values := make([]string, lines)
	for start, n := 0, 0; n < lines; n++ {
		length := bytes.IndexByte(block[start:], '\n')
		line := text[start : start+length]
		start += length + 1
		colon := indexColon(line)
		name, value := line[:colon], trimSpace(line[colon+1:])
		if prior, ok := h[name]; ok {
			h[name] = append(prior, value)
			continue
		}
		values[n] = value
		h[name] = values[n : n+1 : n+1]
	}
	return nil
}

// checkField makes the name of a field line canonical and validates the line.
func checkField(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return errObsFold
	}
	upper := true
	for i, c := range line {
		if c == ':' {
			if i == 0 {
				return errMalformedHead
			}
			return validValue(line[i+1:])
		}
		if !tokenBytes[c] {
			return errMalformedHead
		}
		switch {
		case upper && 'a' <= c && c <= 'z':
			line[i] = c - 'a' + 'A'
		case !upper && 'A' <= c && c <= 'Z':
			line[i] = c - 'A' + 'a'
		}
		upper = c == '-'
	}
	return errMalformedHead
}

// validValue refuses control characters other than the tab.
func validValue(value []byte) error {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return errMalformedHead
		}
	}
	return nil
}

func indexColon(line string) int {
	for i := range len(line) {
		if line[i] == ':' {
			return i
		}
	}
	return -1
}

// trimSpace removes what may surround a field value: blanks, tabs, the CR of the
// line's end.
func trimSpace(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// tokenBytes are the bytes of a field name (RFC 9110, 5.6.2).
var tokenBytes = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	return t
}()
