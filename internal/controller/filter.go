// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// +kubebuilder:rbac:groups=gateway.kubera.dev,resources=staticresponsefilters/status;accesscontrolfilters/status,verbs=get;patch

// filterReconciler writes the status of filters of one kind, whether or not routes
// use them.
type filterReconciler[T any, PT interface {
	*T
	client.Object
}] struct {
	client client.Client
	writer *statusWriter
	now    func() time.Time
	// add puts a filter into a snapshot.
	add func(*snapshot.Snapshot, PT)
	// pick finds its status in those of a translation.
	pick func(*gatewayapi.Statuses, client.ObjectKey) v1alpha1.FilterStatus
	// status is where a filter has its own.
	status func(PT) *v1alpha1.FilterStatus
}

// Reconcile validates one filter.
func (r *filterReconciler[T, PT]) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	filter := PT(new(T))
	if err := r.client.Get(ctx, req.NamespacedName, filter); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if err := r.writer.fresh(filter); err != nil {
		return reconcile.Result{}, err
	}
	snap := &snapshot.Snapshot{}
	r.add(snap, filter)
	result := gatewayapi.Translate(snap, gatewayapi.Options{})
	merged := status.MergeFilter(*r.status(filter), r.pick(&result.Statuses, req.NamespacedName), metav1.NewTime(r.now()))
	if status.Equal(merged, *r.status(filter)) {
		return reconcile.Result{}, nil
	}
	changed, ok := filter.DeepCopyObject().(PT)
	if !ok {
		return reconcile.Result{}, nil
	}
	*r.status(changed) = merged
	return reconcile.Result{}, r.writer.write(ctx, changed, filter)
}

type (
	staticReconciler = filterReconciler[v1alpha1.StaticResponseFilter, *v1alpha1.StaticResponseFilter]
	accessReconciler = filterReconciler[v1alpha1.AccessControlFilter, *v1alpha1.AccessControlFilter]
)

func newStaticReconciler(c client.Client, now func() time.Time) *staticReconciler {
	return &staticReconciler{
		client: c, writer: &statusWriter{client: c}, now: now,
		add: func(s *snapshot.Snapshot, f *v1alpha1.StaticResponseFilter) {
			s.StaticResponseFilters = append(s.StaticResponseFilters, f)
		},
		pick: func(s *gatewayapi.Statuses, key client.ObjectKey) v1alpha1.FilterStatus {
			return s.StaticResponseFilters[key]
		},
		status: func(f *v1alpha1.StaticResponseFilter) *v1alpha1.FilterStatus { return &f.Status },
	}
}

func newAccessReconciler(c client.Client, now func() time.Time) *accessReconciler {
	return &accessReconciler{
		client: c, writer: &statusWriter{client: c}, now: now,
		add: func(s *snapshot.Snapshot, f *v1alpha1.AccessControlFilter) {
			s.AccessControlFilters = append(s.AccessControlFilters, f)
		},
		pick: func(s *gatewayapi.Statuses, key client.ObjectKey) v1alpha1.FilterStatus {
			return s.AccessControlFilters[key]
		},
		status: func(f *v1alpha1.AccessControlFilter) *v1alpha1.FilterStatus { return &f.Status },
	}
}
