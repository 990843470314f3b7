// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package loopback

import (
	"net"
	"net/netip"
	"testing"
)

func TestFreeAddresses(t *testing.T) {
	seen := map[string]bool{}
	for _, address := range FreeAddresses(t, 50) {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !ap.Addr().IsLoopback() {
			t.Errorf("%s is not on loopback: %v", address, err)
		}
		if seen[address] {
			t.Errorf("%s is there twice", address)
		}
		seen[address] = true
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("nobody should listen there: %v", err)
			continue
		}
		defer func() { _ = ln.Close() }()
	}
}

func TestNoAddressIsGivenTwice(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		address := FreeAddress(t)
		if seen[address] {
			t.Fatalf("%s was given before", address)
		}
		seen[address] = true
	}
}
