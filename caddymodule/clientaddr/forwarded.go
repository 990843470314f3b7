// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"net/netip"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// lastForwarded cuts the last element off the value of a Forwarded field
// (RFC 7239, section 4) and returns the address of its for parameter. The zero
// Addr stands for an element that is malformed or whose for is absent, unknown
// or obfuscated.
func lastForwarded(line string) (rest string, a netip.Addr, more bool) {
	element := line
	if i := lastComma(line); i >= 0 {
		rest, element, more = line[:i], line[i+1:], true
	}
	return rest, forOf(element), more
}

// lastComma returns the index of the last comma outside of quoted strings, or -1.
func lastComma(s string) int {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case '"':
			if !quoted || !escaped(s[:i]) {
				quoted = !quoted
			}
		case ',':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

// escaped reports whether what follows before is the second half of a
// quoted-pair: it is if before ends in an odd number of backslashes.
func escaped(before string) bool {
	n := len(before) - len(strings.TrimRight(before, `\`))
	return n%2 == 1
}

// forOf returns the address in the for parameter of an element.
func forOf(element string) netip.Addr {
	var node string
	found := false
	for more := true; more; {
		var name, value string
		var ok bool
		name, value, element, more, ok = cutPair(element)
		if !ok || found && strings.EqualFold(name, "for") {
			return netip.Addr{} // each parameter at most once
		}
		if strings.EqualFold(name, "for") {
			node, found = value, true
		}
	}
	// An address needs no quoted-pair, so that none is resolved.
	return parseAddress(node)
}

// cutPair cuts the first parameter off an element. A quoted value is returned
// without its quotes, quoted-pairs as they are. An empty one is no error: the
// grammar has it.
func cutPair(s string) (name, value, rest string, more, ok bool) {
	s = strings.TrimLeft(s, " \t")
	eq := strings.IndexAny(s, "=;")
	if s == "" || eq >= 0 && s[eq] == ';' && strings.Trim(s[:eq], " \t") == "" {
		_, rest, more = strings.Cut(s, ";")
		return "", "", rest, more, true
	}
	if eq < 0 || s[eq] != '=' {
		return "", "", "", false, false
	}
	name, s = s[:eq], s[eq+1:]
	if !httpguts.ValidHeaderFieldName(name) {
		return "", "", "", false, false
	}
	if strings.HasPrefix(s, `"`) {
		end := endOfQuoted(s)
		if end < 0 {
			return "", "", "", false, false
		}
		value, s = s[1:end], strings.TrimLeft(s[end+1:], " \t")
		if s != "" && s[0] != ';' {
			return "", "", "", false, false
		}
		_, rest, more = strings.Cut(s, ";")
		return name, value, rest, more, true
	}
	value, rest, more = strings.Cut(s, ";")
	value = strings.TrimRight(value, " \t")
	return name, value, rest, more, httpguts.ValidHeaderFieldName(value)
}

// endOfQuoted returns the index of the quote that ends the quoted-string that s
// begins with, or -1.
func endOfQuoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
