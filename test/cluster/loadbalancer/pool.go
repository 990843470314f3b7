// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loadbalancer gives Services of type LoadBalancer an address each, as a
// cloud does. kube-proxy serves the addresses; nothing balances anything here.
package loadbalancer

import (
	"fmt"
	"net/netip"
)

// Claim is what a Service wants and what it has. The zero address stands for none.
type Claim struct {
	// Name tells Services apart.
	Name string
	// Requested is the only address that will do.
	Requested netip.Addr
	// Held is what the Service's status says.
	Held netip.Addr
}

// Grant is what a Service gets: an address, or the reason why it has none.
type Grant struct {
	Address netip.Addr
	Problem string
}

// Assign shares out a pool among claims, in their order. Who holds an address of
// the pool and asks for no other keeps it; then requests are granted if they can be,
// and the rest gets the lowest addresses that are left, from the second on. There is
// no other state than what the claims say, so what nobody claims is free.
func Assign(pool netip.Prefix, claims []Claim) map[string]Grant {
	grants := make(map[string]Grant, len(claims))
	owners := make(map[netip.Addr]string, len(claims))
	grant := func(c Claim, a netip.Addr) {
		grants[c.Name] = Grant{Address: a}
		owners[a] = c.Name
	}
	for _, c := range claims {
		wanted := !c.Requested.IsValid() || c.Requested == c.Held
		if wanted && pool.Contains(c.Held) && owners[c.Held] == "" {
			grant(c, c.Held)
		}
	}
	for _, c := range claims {
		if _, done := grants[c.Name]; done || !c.Requested.IsValid() {
			continue
		}
		switch owner := owners[c.Requested]; {
		case !pool.Contains(c.Requested):
			grants[c.Name] = Grant{Problem: fmt.Sprintf("the requested address %s is not in the pool %s", c.Requested, pool)}
		case owner != "":
			grants[c.Name] = Grant{Problem: fmt.Sprintf("the requested address %s belongs to Service %s", c.Requested, owner)}
		default:
			grant(c, c.Requested)
		}
	}
	next := pool.Addr().Next()
	for _, c := range claims {
		if _, done := grants[c.Name]; done {
			continue
		}
		for pool.Contains(next) && owners[next] != "" {
			next = next.Next()
		}
		if !pool.Contains(next) {
			grants[c.Name] = Grant{Problem: fmt.Sprintf("the pool %s is used up", pool)}
			continue
		}
		grant(c, next)
	}
	return grants
}
