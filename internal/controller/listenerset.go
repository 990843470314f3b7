// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// setReconciler takes back what routes say of a ListenerSet that is no part of a
// Gateway of ours, since no Gateway's reconciler looks at those routes: the set was
// deleted, or went elsewhere.
type setReconciler struct {
	reader   *cluster.Reader
	statuses *dependentStatuses
}

// Reconcile does nothing for the ListenerSets of Gateways of ours.
func (r *setReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	ours, err := r.isOurs(ctx, req.NamespacedName)
	if err != nil || ours {
		return reconcile.Result{}, err
	}
	routes, err := r.reader.RoutesOfSet(ctx, req.NamespacedName)
	if err != nil {
		return reconcile.Result{}, err
	}
	return reconcile.Result{}, r.statuses.clear(ctx, req.NamespacedName, routes)
}

// isOurs follows the references from the set to a class. A class that does not exist
// may come back; its Gateways' proxies serve on, and what was said stays.
func (r *setReconciler) isOurs(ctx context.Context, name types.NamespacedName) (bool, error) {
	var set gwv1.ListenerSet
	if found, err := r.get(ctx, name, &set); !found || err != nil {
		return false, err
	}
	parent, ok := snapshot.GatewayOfSet(&set)
	if !ok {
		return false, nil
	}
	var gateway gwv1.Gateway
	if found, err := r.get(ctx, parent, &gateway); !found || err != nil {
		return false, err
	}
	var class gwv1.GatewayClass
	found, err := r.get(ctx, types.NamespacedName{Name: string(gateway.Spec.GatewayClassName)}, &class)
	return !found || class.Spec.ControllerName == r.reader.ControllerName, err
}

func (r *setReconciler) get(ctx context.Context, name types.NamespacedName, object client.Object) (found bool, err error) {
	err = r.reader.Client.Get(ctx, name, object)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("get %T %s: %w", object, name, err)
	}
	return true, nil
}
