// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// ParsePrefix reads an address or a CIDR. The result is masked, and one that lies
// in ::ffff:0:0/96 is the IPv4 prefix that it stands for, so that it is compared
// with unmapped addresses. Zones are refused.
func ParsePrefix(entry string) (netip.Prefix, error) {
	var prefix netip.Prefix
	if strings.Contains(entry, "/") {
		p, err := netip.ParsePrefix(entry)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is not a CIDR such as 10.0.0.0/8 or fd00::/8", entry)
		}
		prefix = p
	} else {
		a, err := netip.ParseAddr(entry)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is not an address such as 10.0.0.1 or fd00::1, nor a CIDR", entry)
		}
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	const mapped = 96
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix.Masked(), nil
}
