// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// spreadPicks counts which endpoints are chosen when each choice stays under way.
func spreadPicks(b *Backend, picks int) map[string]int {
	counts := map[string]int{}
	for range picks {
		e := b.set.Load().pick(nil)
		e.inflight.Add(1)
		counts[e.address]++
	}
	return counts
}

func TestPickEvensOut(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4")
	for address, n := range spreadPicks(b, 1000) {
		if n < 235 || n > 265 {
			t.Errorf("%s was chosen %d times of 1000", address, n)
		}
	}
}

func TestPickPrefersTheLessBusy(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, "127.0.0.1:1", "127.0.0.1:2")
	busy := b.set.Load().ready[0]
	busy.inflight.Store(100)
	for range 99 {
		e := b.set.Load().pick(nil)
		if e == busy {
			t.Fatal("the busy endpoint was chosen")
		}
		e.inflight.Add(1)
	}
}

func TestPickDrainingOnlyWithoutOthers(t *testing.T) {
	b := newBackend(t, config.BackendHTTP)
	b.SetEndpoints([]config.Endpoint{{Address: "127.0.0.1:1", Draining: true}, {Address: "127.0.0.1:2"}})
	if got := spreadPicks(b, 50); got["127.0.0.1:2"] != 50 {
		t.Errorf("%v", got)
	}
	b.SetEndpoints([]config.Endpoint{{Address: "127.0.0.1:1", Draining: true}})
	if got := spreadPicks(b, 50); got["127.0.0.1:1"] != 50 {
		t.Errorf("%v", got)
	}
}

// TestPickNeverRepeats tries all endpoints of a set once, and then gives up.
func TestPickNeverRepeats(t *testing.T) {
	b := newBackend(t, config.BackendHTTP, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
	for range 100 {
		var tried []*Endpoint
		for range 3 {
			e := b.set.Load().pick(tried)
			for _, other := range tried {
				if e == other {
					t.Fatal("an endpoint was chosen again")
				}
			}
			tried = append(tried, e)
		}
		if e := b.set.Load().pick(tried); e != nil {
			t.Fatal("an endpoint was chosen again")
		}
	}
}
