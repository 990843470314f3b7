// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package loadbalancer_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/test/cluster/loadbalancer"
)

// claims reads "name", "name wants ADDRESS", "name has ADDRESS" or both.
func claims(t *testing.T, lines ...string) []loadbalancer.Claim {
	t.Helper()
	var list []loadbalancer.Claim
	for _, line := range lines {
		words := strings.Fields(line)
		c := loadbalancer.Claim{Name: words[0]}
		for i := 1; i < len(words); i += 2 {
			switch a := netip.MustParseAddr(words[i+1]); words[i] {
			case "wants":
				c.Requested = a
			case "has":
				c.Held = a
			default:
				t.Fatalf("claim %q", line)
			}
		}
		list = append(list, c)
	}
	return list
}

func TestAssign(t *testing.T) {
	pool := netip.MustParsePrefix("192.0.2.0/29")
	for name, test := range map[string]struct {
		claims []string
		want   map[string]string
	}{
		"lowest first, and not the first of all": {
			claims: []string{"a", "b"},
			want:   map[string]string{"a": "192.0.2.1", "b": "192.0.2.2"},
		},
		"what is held stays": {
			claims: []string{"a", "b has 192.0.2.1", "c has 192.0.2.5"},
			want:   map[string]string{"a": "192.0.2.2", "b": "192.0.2.1", "c": "192.0.2.5"},
		},
		"what was freed is given again": {
			claims: []string{"b has 192.0.2.2", "c"},
			want:   map[string]string{"b": "192.0.2.2", "c": "192.0.2.1"},
		},
		"a request is granted before those without": {
			claims: []string{"a", "b wants 192.0.2.1"},
			want:   map[string]string{"a": "192.0.2.2", "b": "192.0.2.1"},
		},
		"a new request replaces what is held": {
			claims: []string{"a has 192.0.2.1 wants 192.0.2.6", "b"},
			want:   map[string]string{"a": "192.0.2.6", "b": "192.0.2.1"},
		},
		"a request for what is another's": {
			claims: []string{"a has 192.0.2.1", "b has 192.0.2.3 wants 192.0.2.1"},
			want:   map[string]string{"a": "192.0.2.1", "b": "the requested address 192.0.2.1 belongs to Service a"},
		},
		"a request outside of the pool": {
			claims: []string{"a wants 192.0.2.8", "b has 192.0.2.9 wants 192.0.2.9"},
			want: map[string]string{
				"a": "the requested address 192.0.2.8 is not in the pool 192.0.2.0/29",
				"b": "the requested address 192.0.2.9 is not in the pool 192.0.2.0/29",
			},
		},
		"two hold the same: the first has it": {
			claims: []string{"a has 192.0.2.3", "b has 192.0.2.3"},
			want:   map[string]string{"a": "192.0.2.3", "b": "192.0.2.1"},
		},
		"what is held lies in no pool any more": {
			claims: []string{"a has 198.51.100.1"},
			want:   map[string]string{"a": "192.0.2.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for service, grant := range loadbalancer.Assign(pool, claims(t, test.claims...)) {
				got[service] = grant.Problem
				if grant.Address.IsValid() {
					got[service] += grant.Address.String()
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAssignUsedUp(t *testing.T) {
	pool := netip.MustParsePrefix("192.0.2.0/30")
	var list []loadbalancer.Claim
	for i := range 4 {
		list = append(list, loadbalancer.Claim{Name: fmt.Sprint(i)})
	}
	grants := loadbalancer.Assign(pool, list)
	if got, want := grants["2"].Address, netip.MustParseAddr("192.0.2.3"); got != want {
		t.Errorf("third: %s, want %s", got, want)
	}
	if got, want := grants["3"], (loadbalancer.Grant{Problem: "the pool 192.0.2.0/30 is used up"}); got != want {
		t.Errorf("fourth: %+v", got)
	}
}
