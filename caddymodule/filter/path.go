// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"errors"
	"net/url"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// pathModifier replaces a path or a prefix of it. Nil leaves it.
type pathModifier struct {
	// to is the new path or the new prefix, the latter without a slash at its end.
	to     encoded
	prefix bool
}

// encoded is a path in both forms in which url.URL has it.
type encoded struct {
	// path is percent-decoded, raw is as it is sent.
	path, raw string
}

func newPathModifier(m *config.PathModifier) (*pathModifier, error) {
	switch {
	case m == nil:
		return nil, nil
	case m.ReplaceFull != nil && m.ReplacePrefix != nil:
		return nil, errors.New("replace_full and replace_prefix are both set; set one")
	case m.ReplaceFull != nil:
		return &pathModifier{to: newEncoded(rooted(*m.ReplaceFull))}, nil
	case m.ReplacePrefix != nil:
		// "/" and "" both stand for the root.
		to := strings.TrimRight(*m.ReplacePrefix, "/")
		if to != "" {
			to = rooted(to)
		}
		return &pathModifier{to: newEncoded(to), prefix: true}, nil
	}
	return nil, errors.New("neither replace_full nor replace_prefix is set; set one")
}

func rooted(path string) string {
	return "/" + strings.TrimLeft(path, "/")
}

// newEncoded takes a path from the configuration, which may hold
// percent-encodings. What may not stand in a path, "?" included, is encoded.
func newEncoded(path string) encoded {
	var raw strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case c == '%' && isEscape(path[i:]), isPathChar(c):
			raw.WriteByte(c)
		default:
			writeEscaped(&raw, c)
		}
	}
	// Every percent sign begins an escape now, so this can't fail.
	decoded, _ := url.PathUnescape(raw.String())
	return encoded{path: decoded, raw: raw.String()}
}

// isEscape says whether s begins with a percent-encoded byte.
func isEscape(s string) bool {
	return len(s) > 2 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// isPathChar says whether a byte stands for itself in a path (pchar and "/" of RFC 3986).
func isPathChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0
}

func writeEscaped(b *strings.Builder, c byte) {
	const hex = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// replace returns the path of u after the replacement. The part of it that stays
// keeps the encoding in which it was sent.
func (m *pathModifier) replace(u *url.URL, matched string) encoded {
	if m != nil && !m.prefix {
		return m.to
	}
	was := encoded{path: u.Path, raw: u.EscapedPath()}
	if m == nil {
		return was
	}
	matched = strings.TrimSuffix(matched, "/")
	rest, ok := was.after(matched)
	if !ok {
		return was
	}
	if m.to.path == "" {
		// "//host" at the begin of a path reads as a host to whoever makes a
		// relative reference of it.
		return encoded{path: rooted(rest.path), raw: rootedRaw(rest.raw)}
	}
	return encoded{path: m.to.path + rest.path, raw: m.to.raw + rest.raw}
}

// after returns what follows a prefix that ends where a path element does.
func (e encoded) after(prefix string) (encoded, bool) {
	rest, ok := strings.CutPrefix(e.path, prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return encoded{}, false
	}
	raw := e.raw
	for range len(prefix) {
		if len(raw) > 2 && raw[0] == '%' {
			raw = raw[3:]
		} else if raw != "" {
			raw = raw[1:]
		}
	}
	return encoded{path: rest, raw: raw}, true
}

// rootedRaw is rooted for an encoded path, where a slash may be "%2F".
func rootedRaw(raw string) string {
	for {
		if rest, ok := strings.CutPrefix(raw, "/"); ok {
			raw = rest
		} else if len(raw) > 2 && strings.EqualFold(raw[:3], "%2f") {
			raw = raw[3:]
		} else {
			return "/" + raw
		}
	}
}

// rewrite changes where a request is sent on to.
type rewrite struct {
	hostname string
	path     *pathModifier
}

func (r *rewrite) apply(ctx *Context) *Answer {
	if r.hostname != "" {
		ctx.Request.Host = r.hostname
	}
	if r.path != nil {
		u := ctx.Request.URL
		to := r.path.replace(u, ctx.Prefix)
		// url.URL ignores RawPath where it is the usual encoding of Path.
		u.Path, u.RawPath = to.path, to.raw
	}
	return nil
}
