// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// throughJSON is what the other end of the channel holds.
func throughJSON[T any](t *testing.T, v *T) *T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[T](bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return got
}

// The law of the delta: whatever the two configurations, the proxy that holds the
// one and gets the delta holds the other, and what it held has not changed.
func TestApplyOfDiff(t *testing.T) {
	for seed := range uint64(300) {
		g := newGenerator(seed)
		base := g.config()
		next := g.config()
		if seed%2 == 0 {
			next = g.next(base)
		}
		held := throughJSON(t, base)
		before := throughJSON(t, held)
		got, err := held.Apply(throughJSON(t, Diff(base, next)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(next, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if diff := cmp.Diff(before, held, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: Apply changed its receiver: %s", seed, diff)
		}
		if EndpointsVersion(got) != EndpointsVersion(next) {
			t.Fatalf("seed %d: the endpoints differ", seed)
		}
	}
}

func TestDiffOfEqualIsEmpty(t *testing.T) {
	c := newGenerator(3).config()
	want := &Delta{Base: c.Version, Version: c.Version}
	if diff := cmp.Diff(want, Diff(c, c)); diff != "" {
		t.Error(diff)
	}
}

// An endpoint is no part of the version, but a delta has to carry it: the proxy
// that applies it must not fall back to the endpoints it had.
func TestDiffCarriesEndpoints(t *testing.T) {
	base := &Config{Backends: []Backend{{ID: "b", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}}}}}
	next := &Config{Backends: []Backend{{ID: "b"}}}
	Seal(base)
	Seal(next)
	if base.Version != next.Version {
		t.Error("the version depends on endpoints")
	}
	if d := Diff(base, next); d.Backends == nil || len(d.Backends.Set) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestApplyRefuses(t *testing.T) {
	c := &Config{Version: "1", Routes: []Route{{ID: "r"}}}
	tests := map[string]struct {
		delta   *Delta
		message string
	}{
		"removing what is not there": {&Delta{Routes: &Changes[Route]{Remove: []string{"x"}}}, "not there"},
		"removing twice":             {&Delta{Routes: &Changes[Route]{Remove: []string{"r", "r"}}}, "twice"},
		"setting twice":              {&Delta{Routes: &Changes[Route]{Set: []Route{{ID: "x"}, {ID: "x"}}}}, "twice"},
		"setting and removing":       {&Delta{Routes: &Changes[Route]{Set: []Route{{ID: "r"}}, Remove: []string{"r"}}}, "twice"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Apply(tc.delta)
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Field != "routes" || !strings.Contains(refusal.Message, tc.message) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWithEndpoints(t *testing.T) {
	c := &Config{Version: "1", Backends: []Backend{{ID: "a"}, {ID: "b", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}}}}}
	got, err := c.WithEndpoints(&EndpointsUpdate{Backends: []BackendEndpoints{{ID: "b", Endpoints: []Endpoint{{Address: "10.0.0.2:80"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Backends[1].Endpoints[0].Address != "10.0.0.2:80" || c.Backends[1].Endpoints[0].Address != "10.0.0.1:80" {
		t.Errorf("got %v, had %v", got.Backends, c.Backends)
	}
	for name, u := range map[string]BackendEndpoints{
		"unknown backend": {ID: "x"},
		"no address":      {ID: "a", Endpoints: []Endpoint{{Address: "10.0.0.1"}}},
		"twice":           {ID: "a", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}, {Address: "10.0.0.1:80"}}},
	} {
		if _, err := c.WithEndpoints(&EndpointsUpdate{Backends: []BackendEndpoints{u}}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestSeal(t *testing.T) {
	c := newGenerator(11).config()
	for len(c.Routes) < 3 || len(c.Backends) < 2 {
		c = newGenerator(uint64(len(c.Routes)) + c.uint()).config()
	}
	shuffled := *c
	shuffled.Version = "something else"
	shuffled.Routes = slices.Clone(c.Routes)
	slices.Reverse(shuffled.Routes)
	given := slices.Clone(shuffled.Routes)
	theirs := shuffled.Routes
	Seal(&shuffled)
	if diff := cmp.Diff(c, &shuffled); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(given, theirs); diff != "" {
		t.Errorf("Seal sorted a list that others may share: %s", diff)
	}
	shuffled.Routes = shuffled.Routes[1:]
	Seal(&shuffled)
	if shuffled.Version == c.Version {
		t.Error("a route is no part of the version")
	}
}

// uint varies a seed by what a configuration holds.
func (c *Config) uint() uint64 { return uint64(len(c.Backends)*100 + len(c.Listeners)*10 + 12) }

func TestEndpointsVersion(t *testing.T) {
	a := Backend{ID: "a", Endpoints: []Endpoint{{Address: "10.0.0.1:80"}}}
	b := Backend{ID: "b", Endpoints: []Endpoint{}}
	want := EndpointsVersion(&Config{Backends: []Backend{a, b}})
	if got := EndpointsVersion(&Config{Backends: []Backend{{ID: "b"}, a}}); got != want {
		t.Error("it depends on order, or on how nothing is written")
	}
	a.Endpoints = []Endpoint{{Address: "10.0.0.1:80", Draining: true}}
	if got := EndpointsVersion(&Config{Backends: []Backend{a, b}}); got == want {
		t.Error("draining is no part of it")
	}
}

func TestRedacted(t *testing.T) {
	c := &Config{Certificates: []Certificate{{ID: "c", Chain: "chain", Key: "secret"}}}
	r := c.Redacted()
	if r.Certificates[0].Key != "" || r.Certificates[0].Chain != "chain" || c.Certificates[0].Key != "secret" {
		t.Errorf("%+v of %+v", r, c)
	}
}

func BenchmarkDiff(b *testing.B) {
	g := newGenerator(1)
	base := &Config{Backends: []Backend{{ID: "b"}}, Listeners: []Listener{{ID: "l"}}}
	for i := range 5000 {
		base.Routes = append(base.Routes, g.route("r"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)), base))
	}
	next := *base
	next.Routes = slices.Clone(base.Routes)
	next.Routes[2500].Created++
	b.ReportAllocs()
	for b.Loop() {
		if d := Diff(base, &next); len(d.Routes.Set) != 1 {
			b.Fatal(d)
		}
	}
}
