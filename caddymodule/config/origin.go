// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Origin is what an Origin header field names (RFC 6454, section 7).
type Origin struct {
	scheme, host string
	port         uint16 // never 0
}

// ParseOrigin reads scheme://host[:port], where the scheme is http or https, whose
// ports 80 and 443 need not be named. It returns false for any other origin, such as
// "null". It allocates nothing.
func ParseOrigin(s string) (Origin, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Origin{}, false
	}
	o := Origin{scheme: scheme, host: rest}
	switch {
	case strings.EqualFold(scheme, "http"):
		o.port = 80
	case strings.EqualFold(scheme, "https"):
		o.port = 443
	default:
		return Origin{}, false
	}
	if colon := strings.LastIndexByte(rest, ':'); colon > strings.LastIndexByte(rest, ']') {
		port, err := strconv.ParseUint(rest[colon+1:], 10, 16)
		if err != nil || port == 0 {
			return Origin{}, false
		}
		o.host, o.port = rest[:colon], uint16(port)
	}
	return o, isHostname(o.host) || isBracketed(o.host)
}

// isBracketed says whether s looks like an IPv6 address in brackets.
func isBracketed(s string) bool {
	return len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' && strings.Trim(s[1:len(s)-1], "0123456789abcdefABCDEF:.") == ""
}

// OriginPattern is one of CORS.AllowOrigins.
type OriginPattern struct {
	// all is set for "*", which stands for all origins, also those that ParseOrigin
	// does not know.
	all    bool
	origin Origin
	// wildcard: the host is what the end of an origin's host has to be, its dot
	// included, or empty for all hosts.
	wildcard bool
}

// ParseOriginPattern reads "*", or scheme://host[:port] with a host that may be "*" or
// begin with "*.", which stands for one or more labels. Scheme and host are compared
// without case, and the ports of the schemes are as those of ParseOrigin.
func ParseOriginPattern(s string) (OriginPattern, error) {
	if s == "*" {
		return OriginPattern{all: true}, nil
	}
	var p OriginPattern
	plain := s
	if scheme, host, ok := strings.Cut(s, "://*"); ok {
		p.wildcard = true
		// Any name does for the "*" itself.
		plain = scheme + "://x" + host
	}
	o, ok := ParseOrigin(plain)
	if p.wildcard {
		o.host = strings.TrimPrefix(o.host, "x")
		ok = ok && (o.host == "" || o.host[0] == '.')
	}
	if !ok {
		return OriginPattern{}, fmt.Errorf("%q is neither * nor an origin such as https://*.example.com:8443", s)
	}
	p.origin = o
	return p, nil
}

// All says whether the pattern is "*".
func (p OriginPattern) All() bool { return p.all }

// Covers says whether the pattern stands for the origin, among others.
func (p OriginPattern) Covers(o Origin) bool {
	if p.all {
		return true
	}
	host := o.host
	if p.wildcard {
		if len(host) <= len(p.origin.host) {
			return false
		}
		host = host[len(host)-len(p.origin.host):]
	}
	return o.port == p.origin.port && strings.EqualFold(o.scheme, p.origin.scheme) && strings.EqualFold(host, p.origin.host)
}
