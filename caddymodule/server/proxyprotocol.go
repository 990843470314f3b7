// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"io"
	"net"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/kubera-dev/kubera/caddymodule/addrset"
)

// proxyHeaderTimeout bounds the wait for a PROXY protocol header.
const proxyHeaderTimeout = 10 * time.Second

// proxyHeaderBuffer holds every header of version 1, which must come at once.
const proxyHeaderBuffer = 256

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
	if !p.demands(c.RemoteAddr()) {
		return c
	}
	return proxyproto.NewConn(c,
		proxyproto.WithPolicy(proxyproto.REQUIRE),
		proxyproto.SetReadHeaderTimeout(proxyHeaderTimeout))
}

// demands reports whether the peer must send a header.
func (p *proxyProtocol) demands(peer net.Addr) bool {
	return p != nil && p.required && p.trusts(peer)
}

func (p *proxyProtocol) trusts(peer net.Addr) bool {
	if len(p.trusted) == 0 {
		return true
	}
	tcp, ok := peer.(*net.TCPAddr)
	return ok && p.trusted.Contains(tcp.AddrPort().Addr())
}

// proxyHeader is what a peer says about the connection that it passes on.
type proxyHeader struct {
	// client and local are the ends of that connection; nil if it has none that have
	// to do with this one, as a health check of the peer's own.
	client, local net.Addr
	// rest was read with the header and comes after it.
	rest []byte
}

// readProxyHeader reads a header of either version. It reads a little more than that.
func readProxyHeader(r io.Reader) (proxyHeader, error) {
	buffered := bufio.NewReaderSize(r, proxyHeaderBuffer)
	h, err := proxyproto.Read(buffered)
	if err != nil {
		return proxyHeader{}, err
	}
	var header proxyHeader
	if client, local := addrPort(h.SourceAddr), addrPort(h.DestinationAddr); !h.Command.IsLocal() && client.IsValid() && local.IsValid() {
		header.client, header.local = net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(local)
	}
	if n := buffered.Buffered(); n > 0 {
		header.rest = make([]byte, n)
		if _, err := io.ReadFull(buffered, header.rest); err != nil {
			return proxyHeader{}, err
		}
	}
	return header, nil
}
