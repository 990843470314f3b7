// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
)

// TestOriginPatterns quotes HTTPCORSFilter.allowOrigins.
func TestOriginPatterns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern       string
		covers, leave []string
	}{
		{
			// "if not included, port `80` is assumed for `http` scheme origins, and
			// port `443` is assumed for `https` origins"
			"https://www.foo.com",
			[]string{"https://www.foo.com", "https://www.foo.com:443", "HTTPS://WWW.Foo.com"},
			[]string{
				"http://www.foo.com", "https://www.foo.com:80", "https://www.foo.com:8443", "https://foo.com", "https://a.www.foo.com",
				"https://www.foo.com.", "https://www.foo.comx", "http://www.foo.com:443",
			},
		},
		{
			"http://foo.com:80",
			[]string{"http://foo.com", "http://foo.com:80", "http://foo.com:080"},
			[]string{"https://foo.com", "https://foo.com:80", "http://foo.com:8080"},
		},
		{
			"https://foo.com:8443",
			[]string{"https://foo.com:8443"},
			[]string{"https://foo.com", "http://foo.com:8443", "https://foo.com:84430"},
		},
		{
			// "`*` is a greedy match to the _left_, including any number of DNS labels
			// to the left of its position"
			"https://*.Bar.com",
			[]string{"https://www.bar.com", "https://xpto.www.bar.com", "https://a.b.c.d.BAR.com:443"},
			[]string{"https://bar.com", "https://.bar.com", "https://foobar.com", "https://www.bar.com.evil.com", "http://www.bar.com", "https://www.bar.com:444"},
		},
		{
			// "A wildcard by itself matches all hosts."
			"https://*",
			[]string{"https://a", "https://a.b", "https://127.0.0.1", "https://[::1]", "https://[::1]:443"},
			[]string{"http://a", "https://a:8443", "https://"},
		},
		{"https://*:8443", []string{"https://a.b:8443"}, []string{"https://a.b"}},
		{"https://*.bar.com:8443", []string{"https://a.bar.com:8443"}, []string{"https://a.bar.com", "https://bar.com:8443"}},
		{"http://127.0.0.1:8080", []string{"http://127.0.0.1:8080"}, []string{"http://127.0.0.2:8080"}},
		{"https://x.y", []string{"https://x.y"}, []string{"https://.y"}},
		{"*", []string{"https://a", "http://a:1"}, nil},
	} {
		p, err := ParseOriginPattern(tc.pattern)
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		for _, origin := range tc.covers {
			if o, ok := ParseOrigin(origin); !ok || !p.Covers(o) {
				t.Errorf("%s does not cover %s", tc.pattern, origin)
			}
		}
		for _, origin := range tc.leave {
			if o, ok := ParseOrigin(origin); ok && p.Covers(o) {
				t.Errorf("%s covers %s", tc.pattern, origin)
			}
		}
		if p.All() != (tc.pattern == "*") {
			t.Errorf("%s: All() is %v", tc.pattern, p.All())
		}
	}
}

func TestParseOriginPatternRefuses(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"", "**", "null", "foo.com", "https://", "https://*.", "https://*foo.com", "https://foo*.com", "https://*.*.com", "https://a.*",
		"ftp://foo.com", "https://foo.com/", "https://foo.com:0", "https://foo.com:65536", "https://foo.com:", "https://foo.com:*",
		"https://foo.com:+1", "https://user@foo.com", "https://*x.com", "*://foo.com",
	} {
		if p, err := ParseOriginPattern(pattern); err == nil {
			t.Errorf("%q is read as %+v", pattern, p)
		} else if !strings.Contains(err.Error(), "https://*.example.com") {
			t.Errorf("%q: %v does not say what is expected", pattern, err)
		}
	}
}

func TestParseOriginRefuses(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{
		"", "null", "*", "foo.com", "https:foo.com", "https://", "https://foo.com/", "https://foo.com https://bar.com", "https://foo.com,https://bar.com",
		"https://*.com", "https://foo..com", "https://.foo.com", "https://user@foo.com", "https://[::1", "https://::1", "https://[]", "https://[x]",
		"https://foo.com:443:443", "chrome-extension://abcdef", "https://foo.com:", "https://foo.com:+1", "https://foo.com:-1", "https://f\u00f6o.com",
	} {
		if o, ok := ParseOrigin(origin); ok {
			t.Errorf("%q is read as %+v", origin, o)
		}
	}
}

func TestParseOriginAllocatesNothing(t *testing.T) {
	p, err := ParseOriginPattern("https://*.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if o, ok := ParseOrigin("HTTPS://www.Example.com:443"); !ok || !p.Covers(o) {
			t.Error("not covered")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzOrigin: an origin covers itself as a pattern, and whatever a pattern covers
// ends as the pattern does.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{"https://www.foo.com", "https://*.bar.com:8443", "http://[::1]:80", "*", "null", "https://x:1:2", "HTTP://A.b"} {
		f.Add(seed, "https://www.bar.com:8443")
	}
	f.Fuzz(func(t *testing.T, pattern, origin string) {
		o, ok := ParseOrigin(origin)
		if !ok {
			return
		}
		if self, err := ParseOriginPattern(origin); err != nil || !self.Covers(o) {
			t.Errorf("%q does not cover itself: %v", origin, err)
		}
		p, err := ParseOriginPattern(pattern)
		if err != nil || !p.Covers(o) || p.All() {
			return
		}
		_, host, _ := strings.Cut(strings.ToLower(origin), "://")
		_, want, _ := strings.Cut(strings.ToLower(pattern), "://")
		want, _, _ = strings.Cut(strings.TrimPrefix(want, "*"), ":")
		if strings.Contains(pattern, "[") {
			return // colons
		}
		if host, _, _ = strings.Cut(host, ":"); !strings.HasSuffix(host, want) {
			t.Errorf("%q covers %q", pattern, origin)
		}
	})
}
