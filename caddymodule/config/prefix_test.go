// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

func TestParsePrefix(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"10.0.0.0/8":          "10.0.0.0/8",
		"10.1.2.3/8":          "10.0.0.0/8",
		"192.0.2.1":           "192.0.2.1/32",
		"fd00::/8":            "fd00::/8",
		"2001:DB8::1":         "2001:db8::1/128",
		"::ffff:192.0.2.1":    "192.0.2.1/32",
		"::ffff:10.9.9.9/104": "10.0.0.0/8",
		"::ffff:0:0/96":       "0.0.0.0/0",
		"::ffff:192.0.2.1/64": "::/64",
		"0.0.0.0/0":           "0.0.0.0/0",
		"::/0":                "::/0",
	} {
		got, err := ParsePrefix(entry)
		if err != nil || got.String() != want {
			t.Errorf("ParsePrefix(%q) = %v, %v, want %s", entry, got, err, want)
		}
	}
}

func TestParsePrefixRefuses(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"", "/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "localhost", "10.0.0", "fe80::1%eth0", "fe80::%eth0/64", "10.0.0.1:80", " 10.0.0.1"} {
		got, err := ParsePrefix(entry)
		if err == nil {
			t.Errorf("ParsePrefix(%q) = %v", entry, got)
		} else if !strings.Contains(err.Error(), "CIDR") {
			t.Errorf("ParsePrefix(%q): %v does not say what is expected", entry, err)
		}
	}
}

func FuzzParsePrefix(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "::ffff:10.0.0.0/104", "fe80::1%eth0", "1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		p, err := ParsePrefix(entry)
		if err != nil {
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Addr().Zone() != "" {
			t.Errorf("ParsePrefix(%q) = %v", entry, p)
		}
		if again, err := ParsePrefix(p.String()); err != nil || again != p {
			t.Errorf("ParsePrefix(%q) = %v, and that reads as %v, %v", entry, p, again, err)
		}
	})
}
