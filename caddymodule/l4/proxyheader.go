// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"fmt"
	"net"

	"github.com/pires/go-proxyproto"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
)

// proxyHeader returns the header that tells an endpoint who the client is: nothing if no
// version is wanted, and one that says so if it is not known.
func proxyHeader(version config.ProxyProtocolVersion, c *stream.Conn) ([]byte, error) {
	number := byte(1)
	switch version {
	case "":
		return nil, nil
	case config.ProxyProtocolV2:
		number = 2
	}
	from, to := net.TCPAddrFromAddrPort(c.Client), net.TCPAddrFromAddrPort(c.Local)
	header, err := proxyproto.HeaderProxyFromAddrs(number, from, to).Format()
	if err != nil {
		return nil, fmt.Errorf("PROXY protocol header: %w", err)
	}
	return header, nil
}
