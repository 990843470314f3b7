// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"cmp"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// accessControl answers 403 to clients that are not let in.
type accessControl struct {
	deny, allow addrSet
	// restricted means that only allow is let in.
	restricted bool
}

// forbidden is the answer to clients that are kept out.
var forbidden = Answer{Status: http.StatusForbidden, Error: true}

func newAccessControl(a config.AccessControl) (*accessControl, error) {
	deny, err := newAddrSet(a.Deny)
	if err != nil {
		return nil, fmt.Errorf("access_control.deny%w", err)
	}
	allow, err := newAddrSet(a.Allow)
	if err != nil {
		return nil, fmt.Errorf("access_control.allow%w", err)
	}
	return &accessControl{deny: deny, allow: allow, restricted: len(a.Allow) > 0}, nil
}

// apply fails closed: a client whose address is not known is kept out.
func (a *accessControl) apply(ctx *Context) *Answer {
	client := ctx.Client.Unmap().WithZone("")
	if !client.IsValid() || a.deny.contains(client) || a.restricted && !a.allow.contains(client) {
		return &forbidden
	}
	return nil
}

// addrSet is a set of addresses as ranges, sorted and apart from each other, so
// that thousands of CIDRs cost a binary search.
type addrSet []addrRange

type addrRange struct{ first, last netip.Addr }

func newAddrSet(entries []string) (addrSet, error) {
	ranges := make([]addrRange, 0, len(entries))
	for i, entry := range entries {
		prefix, err := config.ParsePrefix(entry)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
		ranges = append(ranges, addrRange{first: prefix.Addr(), last: lastAddr(prefix)})
	}
	slices.SortFunc(ranges, func(a, b addrRange) int {
		return cmp.Or(a.first.Compare(b.first), b.last.Compare(a.last))
	})
	// Prefixes are nested or apart, so one that begins within the one before it
	// ends there too.
	set := ranges[:0]
	for _, r := range ranges {
		if len(set) == 0 || r.first.Compare(set[len(set)-1].last) > 0 {
			set = append(set, r)
		}
	}
	return set, nil
}

// lastAddr returns the highest address of a masked prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// contains takes an unmapped address without a zone.
func (s addrSet) contains(a netip.Addr) bool {
	i, exact := slices.BinarySearchFunc(s, a, func(r addrRange, a netip.Addr) int { return r.first.Compare(a) })
	return exact || i > 0 && a.Compare(s[i-1].last) <= 0
}
