// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net"
	"strconv"
)

// BindAddress is the host:port that the listener is bound to: Address, or
// ":Port". Listeners that share it share a socket; it is what the data plane
// knows a socket by.
func (l *Listener) BindAddress() string {
	if l.Address != "" {
		return l.Address
	}
	return net.JoinHostPort("", strconv.Itoa(int(l.Port)))
}
