// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// conflictPause gives the cache time to see what somebody else has written.
const conflictPause = 50 * time.Millisecond

// patient looks again, without calling it an error, when a write came too late
// because somebody else had written the object: that is the ordinary course of
// things where several controllers share a status.
func patient(r reconcile.Reconciler) reconcile.Reconciler {
	return reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		result, err := r.Reconcile(ctx, req)
		switch {
		case err == nil:
			return result, nil
		case onlyConflicts(err):
			return reconcile.Result{RequeueAfter: conflictPause}, nil
		}
		return reconcile.Result{}, err
	})
}

// onlyConflicts looks into joined and wrapped errors.
func onlyConflicts(err error) bool {
	switch e := err.(type) { //nolint:errorlint // the tree of errors is walked here
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !onlyConflicts(part) {
				return false
			}
		}
		return true
	case interface{ Unwrap() error }:
		return onlyConflicts(e.Unwrap())
	}
	return apierrors.IsConflict(err)
}
