// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"":   nil,
		"\n": nil,
		"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 01:54:49 GMT\r\n\r\nhello\n": {"HTTP/1.1 200 OK", "Date: DATE", "", "hello"},
		"Serving 5 files, version 83ca6a13; 1 listener":                         {"Serving 5 files, version VERSION; 1 listener"},
		`{"time":"2026-11-23T02:02:55.480589959Z","duration":2.31e-05,"a":1}`:   {`{"time":"TIME","duration":DURATION,"a":1}`},
		`- [23/Nov/2026:02:02:03 +0000] "GET / HTTP/1.1" 200 8 "127.0.0.1:9001" 0.000843`: {
			`- [DATE] "GET / HTTP/1.1" 200 8 "127.0.0.1:9001" DURATION`,
		},
		"NAME   CLASS    ADDRESS      PROGRAMMED   AGE":        {"NAME  CLASS  ADDRESS  PROGRAMMED  AGE"},
		"web    kubera   198.18.6.1   True         3m12s":      {"web  kubera  ADDRESS  True  AGE"},
		"web-kubera-6d5f7b8c9-x2x4z   1/1   Running   0   12s": {"web-kubera-POD  1/1  Running  0  AGE"},
		"80:31234/TCP,443:30443/TCP":                           {"80:NODEPORT/TCP,443:NODEPORT/TCP"},
		"read tcp 127.0.0.1:45408->127.0.0.1:9001: timeout":    {"read tcp 127.0.0.1:PORT->127.0.0.1:9001: timeout"},
		"  indented   by two":                                  {"  indented  by two"},
		"an address 192.0.2.7 and 5s stay":                     {"an address 192.0.2.7 and 5s stay"},
	} {
		if diff := cmp.Diff(want, Lines(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		want, have      string
		matches, begins bool
	}{
		{"", "", true, true},
		{"", "a", false, true},
		{"a\nb", "a\nb", true, true},
		{"a\nb", "a\nb\nc", false, true},
		{"a\nb", "a", false, false},
		{"a\nb", "a\nc", false, false},
		{"...", "", true, true},
		{"...", "a\nb", true, true},
		{"a\n...\nd", "a\nb\nc\nd", true, true},
		{"a\n...\nd", "a\nd", true, true},
		{"a\n...\nd", "a\nd\nb\nd", true, true},
		{"a\n...\nd", "a\nb\nd\ne", false, true},
		{"a\n...\nd", "a\nb", false, false},
		{"...\nc\n...", "a\nb\nc\nd", true, true},
		{"...\nx\n...", "a\nb\nc\nd", false, false},
	} {
		want, have := Lines(test.want), Lines(test.have)
		if got := Matches(want, have); got != test.matches {
			t.Errorf("Matches(%q, %q) is %v", test.want, test.have, got)
		}
		if got := Begins(want, have); got != test.begins {
			t.Errorf("Begins(%q, %q) is %v", test.want, test.have, got)
		}
	}
}
