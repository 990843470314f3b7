// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"net/netip"
	"strings"
)

// Lists are read from their end, since only the end of one is written by
// somebody who is trusted: nothing that a client puts in front can change how it
// is understood.

// lastEntry cuts the last entry off a comma-separated list of addresses. An
// empty entry has no address: it is what a proxy writes that does not know its
// client.
func lastEntry(line string) (rest string, a netip.Addr, more bool) {
	entry := line
	i := strings.LastIndexByte(line, ',')
	if i >= 0 {
		rest, entry, more = line[:i], line[i+1:], true
	}
	return rest, parseAddress(strings.Trim(entry, " \t")), more
}

// parseAddress reads an address, which may have a port, and if it is IPv6
// brackets. It returns the zero Addr for anything else, and for addresses with a
// zone, which mean nothing on another machine.
func parseAddress(s string) netip.Addr {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
	if len(s) > longest || strings.IndexByte(s, '%') >= 0 {
		return netip.Addr{}
	}
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !portSuffix(s[end+1:]) {
			return netip.Addr{}
		}
		a, err := netip.ParseAddr(s[1:end])
		if err != nil || !a.Is6() {
			return netip.Addr{}
		}
		return a.Unmap()
	}
	if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		if !portSuffix(s[i:]) {
			return netip.Addr{}
		}
		s = s[:i]
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// portSuffix reports whether s is empty, or a colon and a port, which may be one
// of the made-up ones of RFC 7239, section 6.3.
func portSuffix(s string) bool {
	if s == "" {
		return true
	}
	if s[0] != ':' || len(s) == 1 {
		return false
	}
	s = s[1:]
	obfuscated := s[0] == '_'
	for _, c := range []byte(s) {
		digit := '0' <= c && c <= '9'
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !digit && !(obfuscated && (letter || c == '.' || c == '_' || c == '-')) {
			return false
		}
	}
	return obfuscated || len(s) <= len("65535")
}
