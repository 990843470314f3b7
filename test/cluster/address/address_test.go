// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package address_test

import (
	"net/netip"
	"testing"

	"github.com/kubera-dev/kubera/test/cluster/address"
)

func TestBlock(t *testing.T) {
	b, err := address.NewBlock(3)
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		b.All.String():         "198.18.48.0/20",
		b.Host.String():        "198.18.48.1/30",
		b.Node.String():        "198.18.48.2/30",
		b.Pods.String():        "198.18.50.0/23",
		b.Services.String():    "198.18.52.0/22",
		b.Pool.String():        "198.18.56.0/24",
		b.APIServer().String(): "198.18.52.1",
		b.Outside().String():   "198.18.63.1",
		b.Last().String():      "198.18.56.255",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// No two ranges overlap, within a block and among blocks, and each address tells
// its block.
func TestBlocksAreApart(t *testing.T) {
	var all []netip.Prefix
	for i := range address.Blocks {
		b, err := address.NewBlock(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []netip.Prefix{b.Host.Masked(), b.Pods, b.Services, b.Pool, netip.PrefixFrom(b.Outside(), 32)} {
			if !b.All.Overlaps(p) || p.Bits() < b.All.Bits() {
				t.Errorf("block %d: %s is not within %s", i, p, b.All)
			}
			if p != p.Masked() {
				t.Errorf("block %d: %s has bits of a host", i, p)
			}
			for _, other := range all {
				if other.Overlaps(p) {
					t.Errorf("block %d: %s overlaps %s", i, p, other)
				}
			}
			all = append(all, p)
		}
		for _, a := range []netip.Addr{b.All.Addr(), b.Node.Addr(), b.Last(), b.Outside()} {
			if n, ok := address.Number(a); !ok || n != i {
				t.Errorf("Number(%s) = %d, %t; want %d", a, n, ok, i)
			}
		}
	}
}

func TestOutsideOfAllBlocks(t *testing.T) {
	for _, n := range []int{-1, address.Blocks} {
		if _, err := address.NewBlock(n); err == nil {
			t.Errorf("block %d: no error", n)
		}
	}
	for _, a := range []string{"198.17.255.255", "198.20.0.0", "::1"} {
		if n, ok := address.Number(netip.MustParseAddr(a)); ok {
			t.Errorf("%s is in block %d", a, n)
		}
	}
}
