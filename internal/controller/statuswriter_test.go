// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// TestStaleCacheIsNoProof: a status that was right, was made wrong by us and is to
// be right again must not be taken for right because the cache is behind.
func TestStaleCacheIsNoProof(t *testing.T) {
	original := testGateway("1")
	c := fake.NewClientBuilder().WithScheme(NewScheme()).WithObjects(original).WithStatusSubresource(original).Build()
	w := &statusWriter{client: c}
	read := func() *gwv1.Gateway {
		t.Helper()
		var g gwv1.Gateway
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(original), &g); err != nil {
			t.Fatal(err)
		}
		return &g
	}
	cached := read()
	if err := w.fresh(cached); err != nil {
		t.Fatalf("before any write: %v", err)
	}
	changed := cached.DeepCopy()
	changed.Status.Addresses = []gwv1.GatewayStatusAddress{{Value: "192.0.2.1"}}
	if err := w.write(t.Context(), changed, cached); err != nil {
		t.Fatal(err)
	}
	if err := w.fresh(cached); !apierrors.IsConflict(err) {
		t.Errorf("the cache is behind our write: got %v, want a conflict", err)
	}
	current := read()
	if err := w.fresh(current); err != nil {
		t.Errorf("the cache has our write: %v", err)
	}
	if len(current.Status.Addresses) != 1 {
		t.Error("the status was not written")
	}

	again := cached.DeepCopy()
	again.Status.Addresses = nil
	again.Status.AttachedListenerSets = new(int32(1))
	if err := w.write(t.Context(), again, cached); !apierrors.IsConflict(err) {
		t.Errorf("somebody wrote in between: got %v, want a conflict", err)
	}
	if err := c.Delete(t.Context(), current); err != nil {
		t.Fatal(err)
	}
	again = current.DeepCopy()
	again.Status.Addresses = nil
	if err := w.write(t.Context(), again, current); err != nil {
		t.Errorf("writing to what is gone: %v", err)
	}
}
