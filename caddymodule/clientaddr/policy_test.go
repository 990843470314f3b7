// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddr

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// lb is what most tests trust: 10.0.0.0/8 and fd00::/8.
var lb = []string{"10.0.0.0/8", "fd00::/8"}

func mustNew(t testing.TB, c *config.ClientAddress) *Policy {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// request has the header lines given, "Name: value".
func request(t testing.TB, peer string, lines ...string) *http.Request {
	t.Helper()
	r := &http.Request{RemoteAddr: peer, Header: header(t, lines...)}
	return r
}

func header(t testing.TB, lines ...string) http.Header {
	t.Helper()
	h := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("%q is no header line", line)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h
}

func TestResolve(t *testing.T) {
	t.Parallel()
	none := (*config.ClientAddress)(nil)
	trusted := &config.ClientAddress{TrustedProxies: lb}
	realIP := &config.ClientAddress{TrustedProxies: lb, Header: "x-real-ip"}
	onlyForwarded := &config.ClientAddress{TrustedProxies: lb, Header: "forwarded"}
	everybody := &config.ClientAddress{TrustedProxies: []string{"0.0.0.0/0", "::/0"}}

	tests := []struct {
		name    string
		policy  *config.ClientAddress
		peer    string
		lines   []string
		want    string // empty: the peer
		trusted bool
	}{
		{name: "nobody trusted", policy: none, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1"}},
		{name: "empty policy", policy: &config.ClientAddress{}, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1"}},
		{name: "untrusted peer", policy: trusted, peer: "192.0.2.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1"}},
		{name: "untrusted peer, Forwarded", policy: trusted, peer: "192.0.2.1:1234", lines: []string{"Forwarded: for=198.51.100.1"}},
		{name: "untrusted peer, header", policy: realIP, peer: "192.0.2.1:1234", lines: []string{"X-Real-Ip: 198.51.100.1"}},
		{name: "trusted peer says nothing", policy: trusted, peer: "10.0.0.1:1234", trusted: true},

		{name: "one hop", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "IPv6 peer", policy: trusted, peer: "[fd00::1]:1234", lines: []string{"X-Forwarded-For: 2001:db8::1"}, want: "2001:db8::1", trusted: true},
		{name: "mapped peer", policy: trusted, peer: "[::ffff:10.0.0.1]:1234", lines: []string{"X-Forwarded-For: 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "mapped entry", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1, ::ffff:10.0.0.2"}, want: "198.51.100.1", trusted: true},
		{name: "forged in front", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9, 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "forged trusted in front", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 10.9.9.9, 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "two trusted hops", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.0.0.2, 10.0.0.3"}, want: "198.51.100.1", trusted: true},
		{name: "lines are one list", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 10.0.0.2"}, want: "198.51.100.1", trusted: true},
		{name: "all trusted", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 10.0.0.3, 10.0.0.2"}, want: "10.0.0.3", trusted: true},
		{name: "everybody trusted", policy: everybody, peer: "192.0.2.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9, 2001:db8::1"}, want: "203.0.113.9", trusted: true},
		{name: "no spaces, tabs", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9,198.51.100.1,\t10.0.0.2\t"}, want: "198.51.100.1", trusted: true},
		{name: "ports", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1:80, [fd00::2]:443, [fd00::3]"}, want: "198.51.100.1", trusted: true},

		{name: "malformed last", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1, nonsense"}, trusted: true},
		{name: "malformed behind a hop", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1, unknown, 10.0.0.2"}, want: "10.0.0.2", trusted: true},
		{name: "malformed before the client", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: nonsense, 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "empty entry last", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9, "}, trusted: true},
		{name: "empty line last", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For:"}, trusted: true},
		{name: "empty X-Forwarded-For hides Forwarded", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For:", "Forwarded: for=203.0.113.9"}, trusted: true},

		{name: "Forwarded", policy: trusted, peer: "10.0.0.1:1234", lines: []string{`Forwarded: for=203.0.113.9, for="[2001:db8::1]:80";proto=https, for=10.0.0.2`}, want: "2001:db8::1", trusted: true},
		{name: "Forwarded in lines", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"Forwarded: for=203.0.113.9", "Forwarded: for=198.51.100.1", "Forwarded: for=10.0.0.2;by=_x"}, want: "198.51.100.1", trusted: true},
		{name: "Forwarded unknown", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"Forwarded: for=198.51.100.1, for=unknown, for=10.0.0.2"}, want: "10.0.0.2", trusted: true},
		{name: "Forwarded without for", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"Forwarded: for=198.51.100.1, proto=https"}, trusted: true},
		{name: "X-Forwarded-For before Forwarded", policy: trusted, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 198.51.100.1", "Forwarded: for=203.0.113.9"}, want: "198.51.100.1", trusted: true},

		{name: "header", policy: realIP, peer: "10.0.0.1:1234", lines: []string{"X-Real-IP: 198.51.100.1", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9"}, want: "198.51.100.1", trusted: true},
		{name: "header missing", policy: realIP, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9"}, trusted: true},
		{name: "header malformed", policy: realIP, peer: "10.0.0.1:1234", lines: []string{"X-Real-IP: me"}, trusted: true},
		{name: "header repeated", policy: realIP, peer: "10.0.0.1:1234", lines: []string{"X-Real-IP: 203.0.113.9", "X-Real-IP: 198.51.100.1"}, want: "198.51.100.1", trusted: true},
		{name: "header names a trusted client", policy: realIP, peer: "10.0.0.1:1234", lines: []string{"X-Real-IP: 10.1.2.3"}, want: "10.1.2.3", trusted: true},
		{name: "header is Forwarded", policy: onlyForwarded, peer: "10.0.0.1:1234", lines: []string{"X-Forwarded-For: 203.0.113.9", "Forwarded: for=198.51.100.1"}, want: "198.51.100.1", trusted: true},

		{name: "zone of the peer", policy: trusted, peer: "[fe80::1%eth0]:1234", want: "fe80::1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, tt.peer, tt.lines...)
			before := r.Header.Clone()
			got := mustNew(t, tt.policy).Resolve(r)

			peer := netip.MustParseAddrPort(tt.peer).Addr().Unmap().WithZone("")
			want := Client{Addr: peer, Peer: peer, Trusted: tt.trusted}
			if tt.want != "" {
				want.Addr = netip.MustParseAddr(tt.want)
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if diff := cmp.Diff(before, r.Header, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the request was changed:\n%s", diff)
			}
		})
	}
}

func TestResolveWithoutPeer(t *testing.T) {
	t.Parallel()
	p := mustNew(t, &config.ClientAddress{TrustedProxies: []string{"0.0.0.0/0", "::/0"}})
	for _, remote := range []string{"", "@", "10.0.0.1", "pipe", "example.com:80"} {
		if got := p.Resolve(request(t, remote, "X-Forwarded-For: 198.51.100.1")); got != (Client{}) {
			t.Errorf("peer %q: got %+v, want none", remote, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		config         config.ClientAddress
		field, message string
	}{
		{"no address", config.ClientAddress{TrustedProxies: []string{"10.0.0.0/8", "everybody"}}, "client_address.trusted_proxies[1]", `"everybody"`},
		{"no prefix length", config.ClientAddress{TrustedProxies: []string{"10.0.0.0/99"}}, "client_address.trusted_proxies[0]", "CIDR"},
		{"two ways", config.ClientAddress{Header: "X-Real-Ip", ProxyProtocol: true}, "client_address.header", "remove one"},
		{"no field name", config.ClientAddress{Header: "X Real"}, "client_address.header", `"X Real"`},
		{"framing", config.ClientAddress{Header: "content-length"}, "client_address.header", "content-length"},
		{"Host", config.ClientAddress{Header: "Host"}, "client_address.header", "Host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(&tt.config)
			var refusal *config.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v, want a refusal", err)
			}
			if refusal.Field != tt.field || !strings.Contains(refusal.Message, tt.message) {
				t.Errorf("got %+v, want field %s and a message with %s", refusal, tt.field, tt.message)
			}
		})
	}
}

func TestResolveDoesNotAllocate(t *testing.T) {
	p := mustNew(t, &config.ClientAddress{TrustedProxies: lb})
	for _, r := range []*http.Request{
		request(t, "192.0.2.1:1234"),
		request(t, "10.0.0.1:1234", "X-Forwarded-For: 198.51.100.1, 10.0.0.2"),
		request(t, "[fd00::1]:1234", `Forwarded: for="[2001:db8::1]";host="a\"b", for=10.0.0.2`),
	} {
		if n := testing.AllocsPerRun(100, func() { p.Resolve(r) }); n != 0 {
			t.Errorf("%s, %v: %v allocations", r.RemoteAddr, r.Header, n)
		}
	}
}
