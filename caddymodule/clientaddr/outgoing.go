// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Info is what the proxy saw of a request besides the peer.
type Info struct {
	// Scheme by which the peer asked, http or https.
	Scheme string
	// Host is the Host header as received, with its port if it has one.
	Host string
	// Port is Listener.Port.
	Port int32
}

// SetForwarded writes where a request comes from into the header that is sent to
// a backend, which holds what the peer has sent. It belongs before filters, so
// that these have the last word.
//
// From a peer that is not trusted, all X-Forwarded-* fields are removed and
// X-Forwarded-For, -Proto, -Host and -Port set to what the proxy saw; Forwarded
// is removed; and the header that carries the client's address, if one is
// configured, is set to that of the peer. A peer whose address is not known is
// named in none of them.
//
// From a trusted one X-Forwarded-For is extended by the peer. Where there is none
// and the peer named the client in another way, it begins with that client.
// Forwarded (RFC 7239) is extended if it is present. X-Forwarded-Proto, -Host and
// -Port are set where they are missing, other X-Forwarded-* fields left alone.
//
// Values in out are replaced, never changed in place: out may share them with the
// request.
func (p *Policy) SetForwarded(out http.Header, c Client, info Info) {
	// One string holds all that has to be formatted, and one array all values.
	var array [128]byte
	text := array[:0]
	if c.Trusted {
		text = appendChain(text, out[xForwardedFor], c)
	} else {
		remove(out)
		if c.Peer.IsValid() {
			text = c.Peer.AppendTo(text)
		}
	}
	endFor := len(text)
	text = strconv.AppendInt(text, int64(info.Port), 10)
	endPort := len(text)
	if lines, ok := out[forwarded]; ok && c.Trusted {
		text = appendElement(appendLines(text, lines), c, info)
	}
	s := string(text)

	values := make([]string, 0, 5)
	set := func(name, value string) {
		n := len(values)
		values = append(values, value)
		out[name] = values[n : n+1 : n+1]
	}
	if endFor > 0 {
		set(xForwardedFor, s[:endFor])
		if p.header != "" && !c.Trusted && p.header != forwarded {
			out[p.header] = out[xForwardedFor]
		}
	} else if p.header != "" {
		delete(out, p.header)
	}
	if len(out[xForwardedTo]) == 0 {
		set(xForwardedTo, info.Scheme)
	}
	if len(out[xForwardedHost]) == 0 && info.Host != "" {
		set(xForwardedHost, info.Host)
	}
	if len(out[xForwardedPort]) == 0 {
		set(xForwardedPort, s[endFor:endPort])
	}
	if endPort < len(s) {
		set(forwarded, s[endPort:])
	}
}

// remove takes out what an untrusted peer says about others.
func remove(out http.Header) {
	for name := range out {
		if strings.HasPrefix(name, xForwarded) || name == forwarded {
			delete(out, name)
		}
	}
}

// appendChain appends the X-Forwarded-For of a trusted peer with the peer itself.
func appendChain(dst []byte, lines []string, c Client) []byte {
	if len(lines) > 0 {
		dst = appendLines(dst, lines)
	} else if c.Addr != c.Peer {
		dst = append(c.Addr.AppendTo(dst), ", "...)
	}
	return c.Peer.AppendTo(dst)
}

// appendLines appends a list to be continued.
func appendLines(dst []byte, lines []string) []byte {
	for _, line := range lines {
		if line != "" {
			dst = append(append(dst, line...), ", "...)
		}
	}
	return dst
}

// appendElement appends the forwarded-element of this proxy.
func appendElement(dst []byte, c Client, info Info) []byte {
	dst = append(dst, "for="...)
	if c.Peer.Is4() {
		dst = c.Peer.AppendTo(dst)
	} else {
		dst = append(c.Peer.AppendTo(append(dst, `"[`...)), `]"`...)
	}
	if info.Host != "" {
		dst = appendValue(append(dst, ";host="...), info.Host)
	}
	return appendValue(append(dst, ";proto="...), info.Scheme)
}

// appendValue appends a token, or a quoted-string where it is none.
func appendValue(dst []byte, value string) []byte {
	if httpguts.ValidHeaderFieldName(value) {
		return append(dst, value...)
	}
	dst = append(dst, '"')
	for i := range len(value) {
		if value[i] == '"' || value[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, value[i])
	}
	return append(dst, '"')
}
