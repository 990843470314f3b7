// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// TestOrderIsWithoutEffect translates the objects of each case in other orders.
func TestOrderIsWithoutEffect(t *testing.T) {
	for _, path := range goldenFiles(t) {
		c := readCase(t, path)
		want := gatewayapi.Translate(c.snapshot, c.options)
		for seed := range uint64(8) {
			got := gatewayapi.Translate(shuffled(c.snapshot, seed), c.options)
			if diff := cmp.Diff(want.Statuses, got.Statuses, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s: the order of objects changes the statuses (-first +shuffled):\n%s", path, diff)
			}
			wantConfig, gotConfig := render.Config(want.Gateways, render.Options{}), render.Config(got.Gateways, render.Options{})
			if diff := cmp.Diff(wantConfig, gotConfig); diff != "" {
				t.Fatalf("%s: the order of objects changes the configuration (-first +shuffled):\n%s", path, diff)
			}
		}
	}
}

// TestInputsAreNotModified compares the objects of each case before and after.
func TestInputsAreNotModified(t *testing.T) {
	for _, path := range goldenFiles(t) {
		c := readCase(t, path)
		before := copied(c.snapshot)
		result := gatewayapi.Translate(c.snapshot, c.options)
		rendered := render.Config(result.Gateways, render.Options{PortOffset: 8000})
		if diff := cmp.Diff(before, c.snapshot); diff != "" {
			t.Errorf("%s: Translate or Config modified its input (-before +after):\n%s", path, diff)
		}
		again := render.Config(result.Gateways, render.Options{PortOffset: 8000})
		if diff := cmp.Diff(rendered, again); diff != "" {
			t.Errorf("%s: Config modified the model (-first +second):\n%s", path, diff)
		}
	}
}

// shuffled gives a snapshot of the same objects with all lists shuffled.
func shuffled(s *snapshot.Snapshot, seed uint64) *snapshot.Snapshot {
	random := rand.New(rand.NewPCG(seed, 0))
	return eachList(s, func(list reflect.Value) reflect.Value {
		other := reflect.MakeSlice(list.Type(), list.Len(), list.Len())
		for to, from := range random.Perm(list.Len()) {
			other.Index(to).Set(list.Index(from))
		}
		return other
	})
}

// copied gives a snapshot of copies.
func copied(s *snapshot.Snapshot) *snapshot.Snapshot {
	return eachList(s, func(list reflect.Value) reflect.Value {
		if list.IsNil() {
			return list
		}
		other := reflect.MakeSlice(list.Type(), list.Len(), list.Len())
		for i := range list.Len() {
			other.Index(i).Set(reflect.ValueOf(list.Index(i).Interface().(runtime.Object).DeepCopyObject()))
		}
		return other
	})
}

// eachList gives a snapshot with every list replaced.
func eachList(s *snapshot.Snapshot, replace func(reflect.Value) reflect.Value) *snapshot.Snapshot {
	other := &snapshot.Snapshot{}
	from, to := reflect.ValueOf(s).Elem(), reflect.ValueOf(other).Elem()
	for i := range from.NumField() {
		to.Field(i).Set(replace(from.Field(i)))
	}
	return other
}
