// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"strings"
	"testing"
	"time"
)

func TestNormalizeHost(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                      "",
		"example.com":           "example.com",
		"example.com:8080":      "example.com",
		"example.com:":          "example.com",
		"example.com.":          "example.com",
		"example.com.:443":      "example.com",
		"EXAMPLE.Com:80":        "example.com",
		"10.0.0.1:80":           "10.0.0.1",
		"[::1]:8080":            "::1",
		"[2001:DB8::1]":         "2001:db8::1",
		"::1":                   "::1",
		"[::1":                  "[::1",
		"]:80":                  "]",
		":80":                   "",
		"K8s.example":           "k8s.example",
		"\u212a8s.example":      "\u212a8s.example",
		"a.":                    "a",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
	} {
		if got := NormalizeHost(in); got != want {
			t.Errorf("NormalizeHost(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNormalizeHostDoesNotAllocate(t *testing.T) {
	for _, host := range []string{"example.com", "example.com:8080", "example.com.", "[::1]:80"} {
		if n := testing.AllocsPerRun(100, func() { NormalizeHost(host) }); n != 0 {
			t.Errorf("NormalizeHost(%q) allocates %v times", host, n)
		}
	}
}

func FuzzNormalizeHost(f *testing.F) {
	for _, seed := range []string{"Example.com:80", "[::1]:80", "a.:", "..", "[", "]", ":", "::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := NormalizeHost(in)
		if strings.ContainsAny(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Errorf("NormalizeHost(%q) = %q has upper-case letters", in, out)
		}
		if len(out) > len(in) {
			t.Errorf("NormalizeHost(%q) = %q is longer", in, out)
		}
	})
}

func TestHostsLookup(t *testing.T) {
	t.Parallel()
	hosts := NewHosts(map[string]string{
		"":                  "any",
		"a.example":         "exact",
		"*.a.example":       "short",
		"*.b.a.example":     "long",
		"c.b.a.example":     "exact long",
		"*.Upper.Example":   "upper",
		"*.very.long.other": "other",
	})
	for host, want := range map[string]string{
		"a.example":           "exact",
		"x.a.example":         "short",
		"x.y.a.example":       "short",
		"b.a.example":         "short",
		"x.b.a.example":       "long",
		"x.y.b.a.example":     "long",
		"c.b.a.example":       "exact long",
		"xa.example":          "any",
		"example":             "any",
		"":                    "any",
		".":                   "any",
		".a.example":          "any",
		"x..a.example":        "short",
		"1.upper.example":     "upper",
		"very.long.other":     "any",
		"not.very.long.other": "other",
	} {
		if got, ok := hosts.Lookup(host); got != want || !ok {
			t.Errorf("Lookup(%q) = %q, %v, want %q", host, got, ok, want)
		}
	}
}

func TestHostsLookupFindsNothing(t *testing.T) {
	t.Parallel()
	for _, hosts := range []*Hosts[int]{
		NewHosts[int](nil),
		NewHosts(map[string]int{"a.example": 1}),
		NewHosts(map[string]int{"*.b.example": 1}),
	} {
		if got, ok := hosts.Lookup("b.example"); ok {
			t.Errorf("Lookup found %d in %v", got, hosts)
		}
	}
}

// A host is under the client's control and may be as long as a header.
func TestHostsLookupOfHostileHostIsCheap(t *testing.T) {
	t.Parallel()
	hosts := NewHosts(map[string]int{"*.a.a": 1, "*.example.com": 2})
	host := strings.Repeat("a.", 32<<10) + "b"
	start := time.Now()
	for range 1000 {
		if _, ok := hosts.Lookup(host); ok {
			t.Fatal("found")
		}
	}
	// Looking every suffix up would hash 1 GB each time, which takes minutes.
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("1000 lookups took %v", took)
	}
}
