// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"maps"
	"slices"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func endpointsAt(addresses ...string) (list []config.Endpoint) {
	for _, a := range addresses {
		list = append(list, config.Endpoint{Address: a})
	}
	return list
}

func newAssignable(list ...config.Endpoint) *Backend {
	b := &Backend{}
	b.set.Store(&endpointSet{})
	b.SetEndpoints(list)
	return b
}

// Sessions that last are spread by how many each endpoint has.
func TestAssignGoesToTheOneWithFewer(t *testing.T) {
	b := newAssignable(endpointsAt("10.0.0.1:53", "10.0.0.2:53")...)
	count := map[string]int{}
	var first *Endpoint
	for range 100 {
		e := b.Assign(nil)
		if first == nil {
			first = e
		}
		count[e.Address()]++
	}
	if count["10.0.0.1:53"] != 50 || count["10.0.0.2:53"] != 50 {
		t.Errorf("100 sessions went to %v", count)
	}
	for range 10 {
		first.Release()
	}
	for range 10 {
		if e := b.Assign(nil); e != first {
			t.Errorf("%s was chosen, with 10 more under way", e.Address())
		}
	}
}

func TestAssignAvoids(t *testing.T) {
	b := newAssignable(endpointsAt("10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53")...)
	avoid := b.Assign(nil)
	for range 100 {
		if b.Assign(avoid) == avoid {
			t.Fatal("it is chosen nevertheless")
		}
	}
	b.SetEndpoints(endpointsAt(avoid.Address()))
	if got := b.Assign(avoid); got != avoid {
		t.Errorf("there is no other than the one to avoid, and %v is chosen", got)
	}
	b.SetEndpoints(nil)
	if got := b.Assign(avoid); got != nil {
		t.Errorf("%v is chosen of none", got)
	}
}

func TestAssignPassesOverTheUnreachable(t *testing.T) {
	b := newAssignable(endpointsAt("10.0.0.1:53", "10.0.0.2:53")...)
	bad := b.Assign(nil)
	bad.Unreachable()
	for range 20 {
		if b.Assign(nil) == bad {
			t.Fatal("an unreachable endpoint was chosen")
		}
	}
}

func TestAssignLeavesDrainingEndpointsToThoseTheyHave(t *testing.T) {
	b := newAssignable(config.Endpoint{Address: "10.0.0.1:53", Draining: true}, config.Endpoint{Address: "10.0.0.2:53"})
	for range 20 {
		if got := b.Assign(nil).Address(); got != "10.0.0.2:53" {
			t.Fatalf("%s was chosen", got)
		}
	}
	if got, want := slices.Sorted(maps.Keys(b.Addresses())), []string{"10.0.0.1:53", "10.0.0.2:53"}; !slices.Equal(got, want) {
		t.Errorf("addresses %v, want %v", got, want)
	}
	b.SetEndpoints([]config.Endpoint{{Address: "10.0.0.1:53", Draining: true}})
	if got := b.Assign(nil).Address(); got != "10.0.0.1:53" {
		t.Errorf("%s was chosen where all are draining", got)
	}
}

func TestRegistryFindsBackends(t *testing.T) {
	r := NewRegistry()
	defer r.Close()
	spec := &Spec{ID: "Service/test/dns/53/UDP"}
	b, err := r.Get(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Backend(spec.ID) != nil {
		t.Error("found before it is in use")
	}
	r.Use(map[Key]*Backend{spec.Key(): b})
	if r.Backend(spec.ID) != b {
		t.Error("not found")
	}
	if r.Backend("Service/test/dns/54/UDP") != nil {
		t.Error("found another")
	}
}
