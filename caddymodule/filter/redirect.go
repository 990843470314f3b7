// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// redirect answers with a Location (HTTPRequestRedirectFilter).
type redirect struct {
	scheme   string
	hostname string
	port     int32
	path     *pathModifier
	status   int
}

// badHost is the answer where no safe Location can be made, since it would need a
// host that the request doesn't name or that isn't one.
var badHost = Answer{Status: http.StatusBadRequest, Error: true}

func (r *redirect) apply(ctx *Context) *Answer {
	host := r.hostname
	if host == "" {
		if host = withoutPort(ctx.Host); !safeHost(host) {
			return &badHost
		}
	}
	location := r.location(ctx, host)
	return &Answer{Status: r.status, Header: http.Header{"Location": {location}}}
}

func (r *redirect) location(ctx *Context, host string) string {
	scheme := ctx.Scheme
	if r.scheme != "" {
		scheme = r.scheme
	}
	path := r.path.replace(ctx.Request.URL, ctx.Prefix).raw

	var b strings.Builder
	b.Grow(len("https://:65535?") + len(host) + len(path) + len(ctx.Request.URL.RawQuery))
	b.WriteString(scheme)
	b.WriteString("://")
	b.WriteString(host)
	if port := r.portOf(scheme, ctx.ListenerPort); port != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(int(port)))
	}
	if strings.HasPrefix(path, "/") {
		// Anything else is the "*" of OPTIONS, which is no path.
		b.WriteString(path)
	}
	writeQuery(&b, ctx.Request.URL)
	return b.String()
}

// portOf returns the port of the Location, 0 if it is left out.
func (r *redirect) portOf(scheme string, listener int32) int32 {
	port := r.port
	switch {
	case port != 0:
	case r.scheme != "":
		return 0
	default:
		port = listener
	}
	if scheme == "http" && port == 80 || scheme == "https" && port == 443 {
		return 0
	}
	return port
}

// writeQuery keeps the query as it was sent, but for bytes that may not stand in
// a URI and that browsers treat each in its own way.
func writeQuery(b *strings.Builder, u *url.URL) {
	if u.RawQuery == "" && !u.ForceQuery {
		return
	}
	b.WriteByte('?')
	for i := range len(u.RawQuery) {
		c := u.RawQuery[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}#", c) >= 0 {
			writeEscaped(b, c)
		} else {
			b.WriteByte(c)
		}
	}
}

// withoutPort cuts the port off a Host header and keeps the brackets of IPv6.
func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		return host[:i]
	}
	return host
}

// safeHost says whether a host can stand in a URI as it is, meaning nothing but a
// host: a name, an IPv4 address, or an IPv6 address in brackets.
func safeHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && inner != "" && strings.Trim(inner, "0123456789abcdefABCDEF:.") == ""
	}
	if host == "" {
		return false
	}
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}

// safeAuthority is safeHost for a host that may have a port.
func safeAuthority(authority string) bool {
	host := withoutPort(authority)
	if port, ok := strings.CutPrefix(authority[len(host):], ":"); ok {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	return safeHost(host)
}
