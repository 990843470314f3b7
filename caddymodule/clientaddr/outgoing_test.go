// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"maps"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestSetForwarded(t *testing.T) {
	t.Parallel()
	trusted := &config.ClientAddress{TrustedProxies: lb}
	realIP := &config.ClientAddress{TrustedProxies: lb, Header: "X-Real-Ip"}
	// What is set for the Info below where nothing is kept.
	own := func(lines ...string) []string {
		return append(lines, "X-Forwarded-Proto: https", "X-Forwarded-Host: example.com:8443", "X-Forwarded-Port: 443")
	}

	tests := []struct {
		name   string
		policy *config.ClientAddress
		peer   string
		in     []string
		want   []string
	}{
		{name: "nothing sent", peer: "192.0.2.1:1234", want: own("X-Forwarded-For: 192.0.2.1")},
		{name: "IPv6", peer: "[2001:db8::1]:1234", want: own("X-Forwarded-For: 2001:db8::1")},
		{
			name: "forged by an untrusted peer", policy: trusted, peer: "192.0.2.1:1234",
			in: []string{
				"X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example",
				"X-Forwarded-Port: 1", "X-Forwarded-Prefix: /admin", "X-Forwarded-Ssl: on", "X-Forwarded-Client-Cert: x",
				"Forwarded: for=127.0.0.1", "X-Forwarded: kept", "X-Real-Ip: 127.0.0.1", "Accept: */*",
			},
			want: own("X-Forwarded-For: 192.0.2.1", "X-Forwarded: kept", "X-Real-Ip: 127.0.0.1", "Accept: */*"),
		},
		{
			name: "configured header of an untrusted peer", policy: realIP, peer: "192.0.2.1:1234",
			in:   []string{"X-Real-Ip: 127.0.0.1", "X-Real-Ip: 127.0.0.2"},
			want: own("X-Forwarded-For: 192.0.2.1", "X-Real-Ip: 192.0.2.1"),
		},
		{
			name: "X-Forwarded-For as configured header", policy: &config.ClientAddress{TrustedProxies: lb, Header: "X-Forwarded-For"}, peer: "192.0.2.1:1234",
			in:   []string{"X-Forwarded-For: 127.0.0.1"},
			want: own("X-Forwarded-For: 192.0.2.1"),
		},
		{
			name: "Forwarded as configured header", policy: &config.ClientAddress{TrustedProxies: lb, Header: "Forwarded"}, peer: "192.0.2.1:1234",
			in:   []string{"Forwarded: for=127.0.0.1"},
			want: own("X-Forwarded-For: 192.0.2.1"),
		},
		{
			name: "peer without an address", policy: realIP, peer: "@",
			in:   []string{"X-Forwarded-For: 127.0.0.1", "X-Real-Ip: 127.0.0.1", "Forwarded: for=127.0.0.1"},
			want: own(),
		},
		{name: "trusted peer says nothing", policy: trusted, peer: "10.0.0.1:1234", want: own("X-Forwarded-For: 10.0.0.1")},
		{
			name: "extended", policy: trusted, peer: "10.0.0.1:1234",
			in:   []string{"X-Forwarded-For: 203.0.113.9, 198.51.100.1", "X-Forwarded-For: 10.0.0.2"},
			want: own("X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.0.0.2, 10.0.0.1"),
		},
		{
			name: "empty ones extended", policy: trusted, peer: "10.0.0.1:1234",
			in:   []string{"X-Forwarded-For:", "Forwarded:"},
			want: own("X-Forwarded-For: 10.0.0.1", `Forwarded: for=10.0.0.1;host="example.com:8443";proto=https`),
		},
		{
			name: "kept", policy: trusted, peer: "10.0.0.1:1234",
			in: []string{
				"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: www.example.com",
				"X-Forwarded-Port: 80", "X-Forwarded-Prefix: /a",
			},
			want: []string{
				"X-Forwarded-For: 198.51.100.1, 10.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: www.example.com",
				"X-Forwarded-Port: 80", "X-Forwarded-Prefix: /a",
			},
		},
		{
			name: "one kept", policy: trusted, peer: "10.0.0.1:1234",
			in:   []string{"X-Forwarded-Proto: http"},
			want: []string{"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: example.com:8443", "X-Forwarded-Port: 443"},
		},
		{
			name: "Forwarded extended", policy: trusted, peer: "[fd00::1]:1234",
			in: []string{"Forwarded: for=203.0.113.9", "Forwarded: for=198.51.100.1;proto=http"},
			want: own("X-Forwarded-For: 198.51.100.1, fd00::1",
				`Forwarded: for=203.0.113.9, for=198.51.100.1;proto=http, for="[fd00::1]";host="example.com:8443";proto=https`),
		},
		{
			name: "client named by the configured header", policy: realIP, peer: "10.0.0.1:1234",
			in:   []string{"X-Real-Ip: 198.51.100.1"},
			want: own("X-Real-Ip: 198.51.100.1", "X-Forwarded-For: 198.51.100.1, 10.0.0.1"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := mustNew(t, tt.policy)
			r := request(t, tt.peer, tt.in...)
			received := r.Header.Clone()
			out := http.Header{} // shares the values with the request
			maps.Copy(out, r.Header)
			p.SetForwarded(out, p.Resolve(r), Info{Scheme: "https", Host: "example.com:8443", Port: 443})
			if diff := cmp.Diff(header(t, tt.want...), out); diff != "" {
				t.Errorf("unexpected header (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(received, r.Header); diff != "" {
				t.Errorf("the request was changed:\n%s", diff)
			}
			for name, values := range out {
				if cap(values) > len(values) && !shares(values, r.Header[name]) {
					t.Errorf("%s: adding a value would overwrite another field", name)
				}
			}
		})
	}
}

func shares(a, b []string) bool { return len(a) > 0 && len(b) > 0 && &a[0] == &b[0] }

func TestSetForwardedWithoutHost(t *testing.T) {
	t.Parallel()
	p := mustNew(t, &config.ClientAddress{TrustedProxies: lb})
	r := request(t, "10.0.0.1:1234", "Forwarded: for=198.51.100.1")
	p.SetForwarded(r.Header, p.Resolve(r), Info{Scheme: "http", Port: 80}) // HTTP/1.0
	want := header(t, "X-Forwarded-For: 198.51.100.1, 10.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Port: 80",
		"Forwarded: for=198.51.100.1, for=10.0.0.1;proto=http")
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("unexpected header (-want +got):\n%s", diff)
	}
}

// The next proxy, trusting this one, finds the client that this one found.
func TestNextHopFindsTheSameClient(t *testing.T) {
	t.Parallel()
	first := mustNew(t, &config.ClientAddress{TrustedProxies: lb})
	for _, lines := range [][]string{
		nil,
		{"X-Forwarded-For: 203.0.113.9, 198.51.100.1"},
		{"X-Forwarded-For: nonsense"},
		{"X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.2"},
		{"X-Forwarded-For:"},
		{"Forwarded: for=198.51.100.1"},
		{`Forwarded: for="[2001:db8::1]:80", for=10.0.0.2`},
		{`Forwarded: for="`, "Forwarded: for=198.51.100.1"},
	} {
		for _, peer := range []string{"10.0.0.1:1", "192.0.2.1:1", "[fd00::1]:1"} {
			r := request(t, peer, lines...)
			want := first.Resolve(r)
			first.SetForwarded(r.Header, want, Info{Scheme: "https", Host: `a"\b`, Port: 443})
			for _, name := range []string{"", "Forwarded"} {
				if name == "Forwarded" && r.Header[name] == nil {
					continue
				}
				next := mustNew(t, &config.ClientAddress{TrustedProxies: lb, Header: name})
				r.RemoteAddr = "10.0.0.99:1"
				if got := next.Resolve(r); got.Addr != want.Addr {
					t.Errorf("%s, %q: the next proxy takes %v for the client, want %v; from %v", peer, lines, got.Addr, want.Addr, r.Header)
				}
			}
		}
	}
}

func TestAppendValue(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.com":     "example.com",
		"example.com:80":  `"example.com:80"`,
		"[2001:db8::1]":   `"[2001:db8::1]"`,
		`a"b`:             `"a\"b"`,
		`a\`:              `"a\\"`,
		`x", for=1.2.3.4`: `"x\", for=1.2.3.4"`,
		"":                `""`,
	} {
		if got := string(appendValue(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	p := mustNew(b, &config.ClientAddress{TrustedProxies: lb})
	for name, r := range map[string]*http.Request{
		"untrusted":       request(b, "192.0.2.1:1234", "X-Forwarded-For: 198.51.100.1"),
		"X-Forwarded-For": request(b, "10.0.0.1:1234", "X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.0.0.2"),
		"Forwarded":       request(b, "10.0.0.1:1234", `Forwarded: for=203.0.113.9, for="[2001:db8::1]:80";proto=https`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Resolve(r)
			}
		})
	}
}

func BenchmarkSetForwarded(b *testing.B) {
	p := mustNew(b, &config.ClientAddress{TrustedProxies: lb})
	info := Info{Scheme: "https", Host: "example.com", Port: 443}
	for name, r := range map[string]*http.Request{
		"untrusted": request(b, "192.0.2.1:1234", "X-Forwarded-For: 198.51.100.1", "Accept: */*", "User-Agent: x"),
		"trusted":   request(b, "10.0.0.1:1234", "X-Forwarded-For: 198.51.100.1", "Accept: */*", "User-Agent: x"),
		"Forwarded": request(b, "10.0.0.1:1234", "Forwarded: for=198.51.100.1", "Accept: */*", "User-Agent: x"),
	} {
		b.Run(name, func(b *testing.B) {
			c := p.Resolve(r)
			out := make(http.Header, 16)
			b.ReportAllocs()
			for b.Loop() {
				clear(out)
				maps.Copy(out, r.Header)
				p.SetForwarded(out, c, info)
			}
		})
	}
}
