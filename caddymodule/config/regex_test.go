// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import "testing"

func TestFullMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		expression, value string
		want              bool
	}{
		{"abc", "abc", true},
		{"abc", "xabc", false},
		{"abc", "abcx", false},
		{"a|ab", "ab", true},
		{"a|ab", "abc", false},
		{"", "", true},
		{"", "a", false},
		{"(?i)abc", "ABC", true},
		{"(?m)^a$", "a", true},
		{"(?m)^a$", "a\nb", false},
		{"a", "a\n", false},
		{".*", "a\nb", false},
		{"(?s).*", "a\nb", true},
		{`\Qa.b`, "a.b", true},
		{`\Qa.b`, "axb", false},
	} {
		re, err := FullMatch(test.expression)
		if err != nil {
			t.Errorf("%q: %v", test.expression, err)
			continue
		}
		if got := re.MatchString(test.value); got != test.want {
			t.Errorf("%q on %q: %v, want %v", test.expression, test.value, got, test.want)
		}
	}
}

func TestFullMatchRefuses(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{"(", "a)|(b", "[", "*", `a\`, "(?=a)", "a{1001}", "a\xff"} {
		if re, err := FullMatch(expression); err == nil {
			t.Errorf("%q compiles to %s", expression, re)
		}
	}
}
