// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"cmp"
	"net/netip"
	"slices"
)

// prefixSet is a set of addresses: masked prefixes, sorted and apart from each
// other, so that a lookup is a binary search.
type prefixSet []netip.Prefix

// newPrefixSet takes ownership of prefixes, which must be masked.
func newPrefixSet(prefixes []netip.Prefix) prefixSet {
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

// contains takes an unmapped address without a zone.
func (s prefixSet) contains(a netip.Addr) bool {
	i, exact := slices.BinarySearchFunc(s, a, func(p netip.Prefix, a netip.Addr) int { return p.Addr().Compare(a) })
	return exact || i > 0 && s[i-1].Contains(a)
}
