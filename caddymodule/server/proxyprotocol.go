// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/kubera-dev/kubera/caddymodule/addrset"
)

// proxyHeaderTimeout bounds the wait for a PROXY protocol header.
const proxyHeaderTimeout = 10 * time.Second

// proxyProtocol says from which peers a PROXY protocol header is demanded.
// Immutable.
type proxyProtocol struct {
	required bool
	// trusted peers must send a header, others are served without. Empty: every
	// peer must.
	trusted addrset.Set
}

// wrap returns a connection that reads the header before anything else. It does
// not wait for it: that is done by the first Read or RemoteAddr.
func (p *proxyProtocol) wrap(c net.Conn) net.Conn {
	if p == nil || !p.required || !p.trusts(c.RemoteAddr()) {
		return c
	}
	return proxyproto.NewConn(c,
		proxyproto.WithPolicy(proxyproto.REQUIRE),
		proxyproto.SetReadHeaderTimeout(proxyHeaderTimeout))
}

func (p *proxyProtocol) trusts(peer net.Addr) bool {
	if len(p.trusted) == 0 {
		return true
	}
	tcp, ok := peer.(*net.TCPAddr)
	return ok && p.trusted.Contains(tcp.AddrPort().Addr())
}
