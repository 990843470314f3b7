// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestAccessControl(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		access    config.AccessControl
		in, admit []string
	}{
		"nothing set": {
			in: []string{"192.0.2.1", "::1"}, admit: []string{"192.0.2.1", "::1"},
		},
		"deny": {
			access: config.AccessControl{Deny: []string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"}},
			in:     []string{"10.1.2.3", "11.0.0.0", "9.255.255.255", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db9::", "::ffff:10.0.0.1"},
			admit:  []string{"11.0.0.0", "9.255.255.255", "192.0.2.8", "2001:db9::"},
		},
		"allow": {
			access: config.AccessControl{Allow: []string{"10.0.0.0/8", "fd00::/8"}},
			in:     []string{"10.255.255.255", "11.0.0.0", "fd12::1", "fe80::1", "::ffff:10.0.0.1"},
			admit:  []string{"10.255.255.255", "fd12::1", "::ffff:10.0.0.1"},
		},
		"deny wins": {
			access: config.AccessControl{Allow: []string{"10.0.0.0/8"}, Deny: []string{"10.1.0.0/16"}},
			in:     []string{"10.0.0.1", "10.1.0.1", "10.2.0.1"},
			admit:  []string{"10.0.0.1", "10.2.0.1"},
		},
		"nested and repeated": {
			access: config.AccessControl{Allow: []string{"10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16", "10.200.0.1"}},
			in:     []string{"10.0.0.0", "10.1.0.1", "10.200.0.1", "10.255.0.0"},
			admit:  []string{"10.0.0.0", "10.1.0.1", "10.200.0.1", "10.255.0.0"},
		},
		"IPv4-mapped entries are IPv4": {
			access: config.AccessControl{Allow: []string{"::ffff:10.0.0.0/104", "::ffff:192.0.2.1"}},
			in:     []string{"10.9.9.9", "192.0.2.1", "11.0.0.1"},
			admit:  []string{"10.9.9.9", "192.0.2.1"},
		},
		"everything of one family": {
			access: config.AccessControl{Deny: []string{"0.0.0.0/0"}},
			in:     []string{"1.2.3.4", "255.255.255.255", "::1", "::ffff:1.2.3.4"},
			admit:  []string{"::1"},
		},
		"zones don't matter": {
			access: config.AccessControl{Deny: []string{"fe80::/10"}},
			in:     []string{"fe80::1%eth0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mustCompile(t, config.Filter{AccessControl: &test.access})
			var admitted []string
			for _, client := range test.in {
				ctx := requestTo("http://example.com/")
				ctx.Client = netip.MustParseAddr(client)
				switch answer := c.Request(ctx); {
				case answer == nil:
					admitted = append(admitted, client)
				case answer.Status != 403 || !answer.Error:
					t.Errorf("%s: answer is %+v", client, answer)
				}
			}
			if fmt.Sprint(admitted) != fmt.Sprint(test.admit) {
				t.Errorf("admitted %v, want %v", admitted, test.admit)
			}
		})
	}
}

func TestAccessControlFailsClosedForUnknownClients(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, config.Filter{AccessControl: &config.AccessControl{Deny: []string{"10.0.0.0/8"}}})
	ctx := requestTo("http://example.com/")
	ctx.Client = netip.Addr{}
	if answer := c.Request(ctx); answer == nil || answer.Status != 403 {
		t.Errorf("answer is %+v, want 403", answer)
	}
}

func thousandsOfPrefixes() []string {
	var entries []string
	for i := range 5000 {
		entries = append(entries, fmt.Sprintf("10.%d.%d.0/24", i/256, i%256))
	}
	return entries
}

func TestAccessControlDoesNotAllocate(t *testing.T) {
	c := mustCompile(t, config.Filter{AccessControl: &config.AccessControl{Deny: thousandsOfPrefixes()}})
	ctx := requestTo("http://example.com/")
	for _, client := range []string{"10.19.0.1", "192.0.2.1", "2001:db8::1"} {
		ctx.Client = netip.MustParseAddr(client)
		if n := testing.AllocsPerRun(100, func() { c.Request(ctx) }); n != 0 {
			t.Errorf("%s: %v allocations", client, n)
		}
	}
}
