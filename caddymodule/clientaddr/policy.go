// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clientaddr tells which address a request comes from, and writes that
// down for backends.
//
// # Who is believed
//
// The peer of the connection can't lie about its address, everything that it
// says about others can be made up. So the address of the client is looked for
// from the peer outwards, and only as far as each hop is trusted: where the peer
// is, the last entry of X-Forwarded-For is what the peer saw; where that is
// trusted too, the one before it is what that saw, and so on. The client is the
// first that is not trusted, or the outermost if all are. An entry that is not
// an address ends the search at the one after it: whoever wrote it did not know
// its client, and what stands before it might be forged.
//
// Behind the PROXY protocol the peer is the source that its header names.
package clientaddr

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/addrset"
	"github.com/kubera-dev/kubera/caddymodule/config"
)

// The canonical names of the fields read and written.
const (
	forwarded      = "Forwarded"
	xForwarded     = "X-Forwarded-"
	xForwardedFor  = xForwarded + "For"
	xForwardedHost = xForwarded + "Host"
	xForwardedPort = xForwarded + "Port"
	xForwardedTo   = xForwarded + "Proto"
)

// Policy is a compiled config.ClientAddress. It is immutable and safe for
// concurrent use. The zero Policy trusts nobody.
type Policy struct {
	trusted addrset.Set
	// header is canonical; empty for X-Forwarded-For and, without it, Forwarded.
	header string
}

// Client is where a request comes from. Its addresses have no zone, and IPv4
// addresses mapped into IPv6 are unmapped.
type Client struct {
	// Addr is the address of the client: Peer, unless that is trusted and names
	// another. Zero if Peer is.
	Addr netip.Addr
	// Peer is the other end of the connection. Zero if http.Request.RemoteAddr is
	// not an IP address and port.
	Peer netip.Addr
	// Trusted is true if what Peer says about its client is believed.
	Trusted bool
}

// New compiles what a Gateway configures, nil being the default: trust nobody.
// Its errors are *config.Refusal whose Field is relative to the Gateway:
// "client_address.trusted_proxies[1]".
func New(c *config.ClientAddress) (*Policy, error) {
	if c == nil {
		return &Policy{}, nil
	}
	trusted, i, err := addrset.Parse(c.TrustedProxies)
	if err != nil {
		return nil, &config.Refusal{Field: fmt.Sprintf("client_address.trusted_proxies[%d]", i), Message: err.Error()}
	}
	if err := c.ValidateHeader(); err != nil {
		return nil, &config.Refusal{Field: "client_address.header", Message: err.Error()}
	}
	return &Policy{trusted: trusted, header: http.CanonicalHeaderKey(c.Header)}, nil
}

// Resolve tells the client of a request as it was received. It allocates nothing.
func (p *Policy) Resolve(r *http.Request) Client {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return Client{}
	}
	peer := ap.Addr().Unmap().WithZone("")
	c := Client{Addr: peer, Peer: peer, Trusted: p.trusted.Contains(peer)}
	if !c.Trusted {
		return c
	}
	switch p.header {
	case "":
		if lines, ok := r.Header[xForwardedFor]; ok {
			c.Addr = p.walk(peer, lines, lastEntry)
		} else if lines, ok := r.Header[forwarded]; ok {
			c.Addr = p.walk(peer, lines, lastForwarded)
		}
	case forwarded:
		c.Addr = p.walk(peer, r.Header[forwarded], lastForwarded)
	default:
		c.Addr = p.walk(peer, r.Header[p.header], lastEntry)
	}
	return c
}

// walk follows the hops from the peer outwards. last cuts the last entry off a
// line and returns its address, zero if it has none.
func (p *Policy) walk(peer netip.Addr, lines []string, last func(string) (rest string, a netip.Addr, more bool)) netip.Addr {
	client := peer
	for _, line := range slices.Backward(lines) {
		for rest, more := line, true; more; {
			var a netip.Addr
			rest, a, more = last(rest)
			if !a.IsValid() {
				return client
			}
			client = a
			if !p.trusted.Contains(a) {
				return client
			}
		}
	}
	return client
}
