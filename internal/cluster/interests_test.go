// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

func nn(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

func TestInterests(t *testing.T) {
	var i Interests
	web, api, echo := nn("a", "web"), nn("a", "api"), nn("b", "echo")
	if got := i.Of(Service, echo); len(got) != 0 {
		t.Errorf("nobody was interested, but got %v", got)
	}

	first := i.begin(web)
	if !first.first(Service, echo) {
		t.Error("the first look was not the first")
	}
	if first.first(Service, echo) {
		t.Error("the second look was the first")
	}
	// The interest holds before the reading is done: an event may come now.
	if diff := cmp.Diff([]types.NamespacedName{web}, i.Of(Service, echo)); diff != "" {
		t.Error(diff)
	}
	first.first(Secret, echo)
	first.done()
	other := i.begin(api)
	other.first(Service, echo)
	other.done()
	if diff := cmp.Diff([]types.NamespacedName{api, web}, i.Of(Service, echo)); diff != "" {
		t.Error(diff)
	}

	second := i.begin(web)
	second.first(Secret, echo)
	second.done()
	if diff := cmp.Diff([]types.NamespacedName{api}, i.Of(Service, echo)); diff != "" {
		t.Errorf("an interest that was not renewed stays: %s", diff)
	}
	if diff := cmp.Diff([]types.NamespacedName{web}, i.Of(Secret, echo)); diff != "" {
		t.Errorf("an interest that was renewed is gone: %s", diff)
	}

	i.Forget(web)
	i.Forget(api)
	i.Forget(nn("never", "seen"))
	if len(i.gateways) != 0 || len(i.interests) != 0 {
		t.Errorf("something is left: %v %v", i.gateways, i.interests)
	}
}

func TestInterestsConcurrently(t *testing.T) {
	var i Interests
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			gateway := nn("a", fmt.Sprint(g))
			for n := range 200 {
				r := i.begin(gateway)
				r.first(Service, nn("b", fmt.Sprint(n%7)))
				i.Of(Service, nn("b", fmt.Sprint(n%5)))
				r.done()
			}
			if g%2 == 0 {
				i.Forget(gateway)
			}
		})
	}
	wg.Wait()
	if n := len(i.interests); n != 4 {
		t.Errorf("%d Gateways have interests, want 4", n)
	}
}
