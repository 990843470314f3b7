// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package addrset finds addresses among thousands of CIDRs.
package addrset

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Set is a set of addresses: masked prefixes, sorted and apart from each other,
// so that a lookup is a binary search. Nil is empty. It is immutable.
type Set []netip.Prefix

// Parse makes a Set of addresses and CIDRs as config.ParsePrefix reads them. The
// error is that of the entry at the index.
func Parse(entries []string) (set Set, index int, err error) {
	prefixes := make([]netip.Prefix, len(entries))
	for i, entry := range entries {
		if prefixes[i], err = config.ParsePrefix(entry); err != nil {
			return nil, i, err
		}
	}
	return of(prefixes), 0, nil
}

// of takes ownership of prefixes, which must be masked.
func of(prefixes []netip.Prefix) Set {
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	// Prefixes are nested or apart, and the wider of two nested ones comes first.
	set := prefixes[:0]
	for _, p := range prefixes {
		if n := len(set); n == 0 || !set[n-1].Contains(p.Addr()) {
			set = append(set, p)
		}
	}
	return set
}

// Contains looks an address up. One without a value is in no set; an IPv4-mapped
// one is the IPv4 address, and a zone makes no difference.
func (s Set) Contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	i, exact := slices.BinarySearchFunc(s, a, func(p netip.Prefix, a netip.Addr) int { return p.Addr().Compare(a) })
	return exact || i > 0 && s[i-1].Contains(a)
}
