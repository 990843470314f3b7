// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import "net/netip"

// maxDatagram is the longest that UDP has room to say.
const maxDatagram = 65535

// key tells sessions apart.
type key struct {
	client netip.AddrPort
	// local is the address that the client wrote to and expects an answer from, of a
	// host that may have several. Invalid where the system does not tell.
	local netip.Addr
}

// clientAddress is the client without the form that its address has on a socket for
// both families.
func (k key) clientAddress() netip.AddrPort {
	return netip.AddrPortFrom(k.client.Addr().Unmap(), k.client.Port())
}
