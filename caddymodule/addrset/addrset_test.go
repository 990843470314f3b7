// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package addrset

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

func prefixes(t testing.TB, in ...string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for _, s := range in {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Masked())
	}
	return out
}

func TestSet(t *testing.T) {
	t.Parallel()
	set := of(prefixes(t, "192.168.0.0/16", "10.1.0.0/16", "10.0.0.0/8", "10.2.0.0/16", "10.0.0.0/24", "2001:db8::/32", "192.0.2.7/32", "10.0.0.0/8"))
	if want := of(prefixes(t, "10.0.0.0/8", "192.0.2.7/32", "192.168.0.0/16", "2001:db8::/32")); !slices.Equal(set, want) {
		t.Errorf("got %v, want %v: nested ones are not taken out", set, want)
	}
	for addr, want := range map[string]bool{
		"10.0.0.0": true, "10.1.2.3": true, "10.3.0.0": true, "10.255.255.255": true,
		"9.255.255.255": false, "11.0.0.0": false, "0.0.0.0": false, "255.255.255.255": false,
		"192.0.2.6": false, "192.0.2.7": true, "192.0.2.8": false, "192.168.255.255": true,
		"::ffff:10.1.2.3": true, "::ffff:11.1.2.3": false, "2001:db8::1%eth0": true,
		"2001:db8::": true, "2001:db8:ffff::1": true, "2001:db9::": false, "::": false, "::a00:1": false,
	} {
		if got := set.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
	if (Set)(nil).Contains(netip.MustParseAddr("10.0.0.1")) || set.Contains(netip.Addr{}) {
		t.Error("nobody and nothing is contained")
	}
	if all := of(prefixes(t, "0.0.0.0/0")); !all.Contains(netip.MustParseAddr("255.1.2.3")) || all.Contains(netip.MustParseAddr("::1")) {
		t.Error("0.0.0.0/0 is not all of IPv4 and nothing else")
	}
}

// Random sets agree with asking every prefix.
func TestSetAgainstEachPrefix(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	address := func() netip.Addr { // few bits differ, so that many prefixes nest
		b := [4]byte{10, byte(random.IntN(4)), byte(random.IntN(4) * 64), byte(random.IntN(8) * 32)}
		if random.IntN(4) == 0 {
			return netip.AddrFrom16([16]byte{0xfd, b[1], b[2], b[3]})
		}
		return netip.AddrFrom4(b)
	}
	for range 500 {
		var list []netip.Prefix
		for range random.IntN(12) {
			a := address()
			list = append(list, netip.PrefixFrom(a, random.IntN(a.BitLen()+1)).Masked())
		}
		set := of(slices.Clone(list))
		for range 50 {
			a := address()
			want := slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
			if got := set.Contains(a); got != want {
				t.Fatalf("%v in %v: got %v, want %v", a, list, got, want)
			}
		}
	}
}

func BenchmarkSet(b *testing.B) {
	for _, n := range []int{1, 128} {
		var list []netip.Prefix
		for i := range n {
			list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}), 16))
		}
		set := of(list)
		a := netip.MustParseAddr("10.0.200.1")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Contains(a)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	set, _, err := Parse([]string{"10.0.0.1", "fd00::/8", "::ffff:192.0.2.0/120"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{"10.0.0.1": true, "10.0.0.2": false, "fd00::1": true, "192.0.2.255": true} {
		if got := set.Contains(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
	if _, index, err := Parse([]string{"10.0.0.1", "10.0.0.0/33"}); err == nil || index != 1 {
		t.Errorf("index %d, %v", index, err)
	}
}
