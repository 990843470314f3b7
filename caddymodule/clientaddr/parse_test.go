// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // to the empty string: none
		"192.0.2.1":                     "192.0.2.1",
		"192.0.2.1:80":                  "192.0.2.1",
		"192.0.2.1:_obf.us-cated":       "192.0.2.1",
		"2001:db8::1":                   "2001:db8::1",
		"[2001:db8::1]":                 "2001:db8::1",
		"[2001:DB8::1]:65535":           "2001:db8::1",
		"::ffff:192.0.2.1":              "192.0.2.1",
		"[::ffff:192.0.2.1]:80":         "192.0.2.1",
		"::":                            "::",
		"":                              "",
		"unknown":                       "",
		"_hidden":                       "",
		"-":                             "",
		"192.0.2":                       "",
		"192.0.2.256":                   "",
		"192.0.2.01":                    "",
		"0xc0000201":                    "",
		"3221225985":                    "",
		"192.0.2.1:":                    "",
		"192.0.2.1:123456":              "",
		"192.0.2.1:a":                   "",
		"192.0.2.1:_a!":                 "",
		"192.0.2.1 ":                    "",
		"192.0.2.1/32":                  "",
		"[192.0.2.1]":                   "",
		"[192.0.2.1]:80":                "",
		"[2001:db8::1":                  "",
		"[2001:db8::1]80":               "",
		"2001:db8::1]":                  "",
		"[]":                            "",
		"fe80::1%eth0":                  "",
		"[fe80::1%eth0]:80":             "",
		"example.com":                   "",
		"example.com:80":                "",
		strings.Repeat("0", 70) + ":80": "",
	}
	for in, want := range tests {
		var wanted netip.Addr
		if want != "" {
			wanted = netip.MustParseAddr(want)
		}
		if got := parseAddress(in); got != wanted {
			t.Errorf("%q: got %v, want %v", in, got, wanted)
		}
	}
}

// addresses reads a line to its front; an entry without an address is "-".
func addresses(line string, last func(string) (string, netip.Addr, bool)) []string {
	got := []string{}
	for more := true; more; {
		var a netip.Addr
		line, a, more = last(line)
		if a.IsValid() {
			got = append(got, a.String())
		} else {
			got = append(got, "-")
		}
	}
	return got
}

func TestLastForwarded(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, line string
		want       []string
	}{
		{"token", "for=192.0.2.1", []string{"192.0.2.1"}},
		{"case of the name", "FoR=192.0.2.1", []string{"192.0.2.1"}},
		{"quoted", `for="192.0.2.1:47011"`, []string{"192.0.2.1"}},
		{"IPv6", `for="[2001:db8:cafe::17]:4711"`, []string{"2001:db8:cafe::17"}},
		{"obfuscated port", `for="192.0.2.1:_x"`, []string{"192.0.2.1"}},
		{"other parameters", `by=203.0.113.43;for=192.0.2.60;proto=http;host="a,b;c"`, []string{"192.0.2.60"}},
		{"several", "for=192.0.2.43,for=198.51.100.17 ,\tfor=203.0.113.1", []string{"203.0.113.1", "198.51.100.17", "192.0.2.43"}},
		{"space around semicolons", `for="192.0.2.1" ; proto=http ; by=x`, []string{"192.0.2.1"}},
		{"empty pairs", ";;for=192.0.2.1; ;", []string{"192.0.2.1"}},
		{"comma and for in a quoted string", `for=192.0.2.1;host="x, for=6.6.6.6"`, []string{"192.0.2.1"}},
		{"escaped quote", `for=192.0.2.1;host="x\", for=6.6.6.6"`, []string{"192.0.2.1"}},
		{"escaped backslash at the end", `for=192.0.2.1;host="x\\", for=192.0.2.2`, []string{"192.0.2.2", "192.0.2.1"}},
		{"unknown", "for=unknown", []string{"-"}},
		{"hidden", "for=_hidden", []string{"-"}},
		{"no for", "proto=http;by=192.0.2.1", []string{"-"}},
		{"empty", "", []string{"-"}},
		{"empty element", "for=192.0.2.1, ", []string{"-", "192.0.2.1"}},
		{"for twice", "for=192.0.2.1;for=192.0.2.2", []string{"-"}},
		{"for twice, in other case", "for=192.0.2.1;FOR=192.0.2.2", []string{"-"}},
		{"no value", "for", []string{"-"}},
		{"no value before others", "for;proto=http", []string{"-"}},
		{"empty value", "for=", []string{"-"}},
		{"no name", "=192.0.2.1", []string{"-"}},
		{"space around the equals sign", "for =192.0.2.1", []string{"-"}},
		{"colon in a token", "for=192.0.2.1:80", []string{"-"}},
		{"brackets in a token", "for=[2001:db8::1]", []string{"-"}},
		{"malformed other parameter", "for=192.0.2.1;a b=c", []string{"-"}},
		{"text after a quoted string", `for="192.0.2.1"x`, []string{"-"}},
		{"unbalanced quote in front", `for="x, for=192.0.2.1`, []string{"192.0.2.1", "-"}},
		{"unbalanced quote at the end", `for=192.0.2.1, for="192.0.2.2`, []string{"-", "-"}},
		{"escape at the end", `for=192.0.2.1;host="\`, []string{"-"}},
		{"quoted-pair in an address", `for="192.0.2.\1"`, []string{"-"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := addresses(tt.line, lastForwarded)
			if tt.name == "unbalanced quote at the end" {
				got = got[:1] // what stands before is cut anywhere, and never read
				tt.want = tt.want[:1]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}

func FuzzLastEntry(f *testing.F) {
	for _, line := range []string{"", ",", "192.0.2.1", "192.0.2.1, [2001:db8::1]:80,\t::ffff:10.0.0.1", "unknown, 192.0.2.1:_x", "fe80::1%eth0"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := addresses(line, lastEntry)
		entries := strings.Split(line, ",")
		slices.Reverse(entries)
		if len(got) != len(entries) {
			t.Fatalf("%d entries, want %d", len(got), len(entries))
		}
		for i, entry := range entries {
			if got[i] == "-" {
				continue
			}
			a := netip.MustParseAddr(got[i])
			if a.Is4In6() || a.Zone() != "" {
				t.Errorf("%q: %v is not in its plain form", entry, a)
			}
			// What was understood as an address is one in its usual form, too.
			entry = strings.Trim(entry, " \t")
			bare, err := netip.ParseAddr(strings.Trim(entry, "[]"))
			if err != nil {
				host := entry[:strings.LastIndexByte(entry, ':')]
				bare, err = netip.ParseAddr(strings.Trim(host, "[]"))
			}
			if err != nil || bare.Unmap() != a {
				t.Errorf("%q was taken for %v", entry, a)
			}
		}
	})
}

func FuzzLastForwarded(f *testing.F) {
	for _, line := range []string{
		"", ",", `for=192.0.2.43, for="[2001:db8::1]:80";proto=https`, `for=192.0.2.1;host="x\", for=6.6.6.6"`,
		`for="\\", for=_x`, `for="x, for=192.0.2.1`, ";;a=b;", `for="`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := addresses(line, lastForwarded)
		if len(got) > strings.Count(line, ",")+1 {
			t.Fatalf("%d elements in %q", len(got), line)
		}
		// Lines that are well-formed mean the same read from either end.
		if want, ok := forward(line); ok {
			slices.Reverse(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: read from the front (-) and from the end (+):\n%s", line, diff)
			}
		}
		// Whatever stands in front, the element of a trusted proxy is understood.
		for _, own := range []string{"for=192.0.2.77", `for="192.0.2.77:1";host="a\"b, for=6.6.6.6"`} {
			if _, a, more := lastForwarded(line + ", " + own); !more || a != netip.MustParseAddr("192.0.2.77") {
				t.Errorf("%q in front changes the element behind it to %v", line, a)
			}
		}
	})
}

// forward reads a line from its front by the grammar, byte by byte. It reports
// false if a quoted string does not begin after an equals sign or does not end.
func forward(line string) (addrs []string, ok bool) {
	start, quoted := 0, false
	cut := func(end int) {
		if a := forOf(line[start:end]); a.IsValid() {
			addrs = append(addrs, a.String())
		} else {
			addrs = append(addrs, "-")
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case quoted && c == '"':
			quoted = false
		case quoted:
		case c == '\\':
			return nil, false
		case c == '"':
			if i == 0 || line[i-1] != '=' {
				return nil, false
			}
			quoted = true
		case c == ',':
			cut(i)
			start = i + 1
		}
	}
	cut(len(line))
	return addrs, !quoted
}
