// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// statusWriter writes statuses that were made from what a cache holds. It is safe
// for concurrent use.
type statusWriter struct {
	client client.Client
	// replaced holds the version of each object that our last write replaced,
	// until the cache has a later one.
	replaced sync.Map // types.UID → string
}

// fresh fails with a conflict if the cache does not have our own last write of the
// object yet. Whatever seems to be as it should be then may not be.
func (w *statusWriter) fresh(cached client.Object) error {
	version, ok := w.replaced.Load(cached.GetUID())
	if !ok {
		return nil
	}
	if version == cached.GetResourceVersion() {
		return apierrors.NewConflict(schema.GroupResource{Resource: fmt.Sprintf("%T", cached)}, cached.GetName(),
			errors.New("the cache is behind"))
	}
	w.replaced.Delete(cached.GetUID())
	return nil
}

// write writes the status of changed, which differs from that of cached. It fails
// with a conflict if somebody else has written the object since, as lists of
// statuses are replaced as a whole. An object that is gone needs no status.
func (w *statusWriter) write(ctx context.Context, changed, cached client.Object) error {
	uid, version := cached.GetUID(), cached.GetResourceVersion()
	patch := client.MergeFromWithOptions(cached, client.MergeFromWithOptimisticLock{})
	err := w.client.Status().Patch(ctx, changed, patch)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("write the status of %T %s: %w", cached, client.ObjectKeyFromObject(cached), err)
	}
	if changed.GetResourceVersion() != version {
		w.replaced.Store(uid, version)
	}
	return nil
}
