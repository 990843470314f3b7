// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import "strings"

// NormalizeHost turns a Host header, an :authority or an SNI into the form that
// lookups compare: without port, brackets and the final dot of a fully qualified
// name, ASCII letters in lower case. It does not check that what is left is a
// name. It allocates only where there are upper-case letters.
func NormalizeHost(hostport string) string {
	host := stripPort(hostport)
	host = strings.TrimSuffix(host, ".")
	return lowerASCII(host)
}

// stripPort cuts the port off, and the brackets of an IPv6 address. An address
// without brackets has several colons, and no port.
func stripPort(hostport string) string {
	if strings.HasPrefix(hostport, "[") {
		if end := strings.IndexByte(hostport, ']'); end > 0 {
			return hostport[1:end]
		}
		return hostport
	}
	colon := strings.IndexByte(hostport, ':')
	if colon < 0 || strings.IndexByte(hostport[colon+1:], ':') >= 0 {
		return hostport
	}
	return hostport[:colon]
}

// lowerASCII leaves letters beyond ASCII alone: strings.ToLower would make the
// Kelvin sign a "k", and so one host another.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// Hosts finds the value of the most specific hostname that covers a host. It is
// immutable.
type Hosts[T any] struct {
	exact map[string]T
	// wildcard is keyed by what follows the "*", its dot included.
	wildcard map[string]T
	// longest wildcard key. Suffixes of the host that are longer aren't looked
	// up, which bounds the work that a hostile host of 64 KB can cause.
	longest int

	anyHost T
	hasAny  bool
}

// NewHosts takes exact names, wildcards ("*.example.com", which stands for one
// or more labels before the rest), and "" for every host. Letter case does not
// matter.
func NewHosts[T any](values map[string]T) *Hosts[T] {
	h := &Hosts[T]{exact: make(map[string]T, len(values)), wildcard: map[string]T{}}
	for name, v := range values {
		name = lowerASCII(name)
		switch {
		case name == "":
			h.anyHost, h.hasAny = v, true
		case strings.HasPrefix(name, "*."):
			h.wildcard[name[1:]] = v
			h.longest = max(h.longest, len(name)-1)
		default:
			h.exact[name] = v
		}
	}
	return h
}

// Lookup returns the value of the exact name, else of the longest wildcard, else
// of "". The host is one that NormalizeHost returned.
func (h *Hosts[T]) Lookup(host string) (T, bool) {
	var c cursor
	return h.next(host, &c)
}

// cursor is a place in the list of the hostnames that cover a host.
type cursor struct {
	stage stage
	// from is the offset in the host behind the last suffix that was looked up.
	from int
}

type stage uint8

const (
	atExact stage = iota
	atWildcard
	atAny
	atEnd
)

// next returns the value of the next hostname that covers the host, the most
// specific first, and moves the cursor behind it.
func (h *Hosts[T]) next(host string, c *cursor) (T, bool) {
	if c.stage == atExact {
		c.stage = atWildcard
		// A wildcard needs a label to stand for, so the search begins behind the first byte.
		c.from = max(1, len(host)-h.longest)
		if v, ok := h.exact[host]; ok {
			return v, true
		}
	}
	for c.stage == atWildcard {
		if c.from >= len(host) || h.longest == 0 {
			c.stage = atAny
			break
		}
		dot := strings.IndexByte(host[c.from:], '.')
		if dot < 0 {
			c.stage = atAny
			break
		}
		suffix := host[c.from+dot:]
		c.from += dot + 1
		if v, ok := h.wildcard[suffix]; ok {
			return v, true
		}
	}
	if c.stage == atAny {
		c.stage = atEnd
		return h.anyHost, h.hasAny
	}
	var none T
	return none, false
}
