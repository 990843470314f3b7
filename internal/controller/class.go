// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses/status,verbs=get;patch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses,verbs=patch

// classReconciler writes the status of the GatewayClasses that name our controller,
// keeps those that are in use from being deleted, and makes one.
type classReconciler struct {
	own         *ownClass
	client      client.Client
	reader      *cluster.Reader
	writer      *statusWriter
	translation gatewayapi.Options
	now         func() time.Time
	// logged is what was logged last about the version of CRDs; there is one worker.
	logged string
}

// Reconcile leaves the classes of other controllers alone.
func (r *classReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var class gwv1.GatewayClass
	if err := r.client.Get(ctx, req.NamespacedName, &class); apierrors.IsNotFound(err) {
		return reconcile.Result{}, r.own.ensure(ctx, req.Name)
	} else if err != nil {
		return reconcile.Result{}, err
	}
	r.own.check(ctx, &class)
	if err := r.writer.fresh(&class); err != nil {
		return reconcile.Result{}, err
	}
	crds, err := readCRDs(ctx, r.client)
	if err != nil {
		return reconcile.Result{}, err
	}
	snap := &snapshot.Snapshot{GatewayClasses: []*gwv1.GatewayClass{&class}, CRDs: crds}
	if ref := class.Spec.ParametersRef; ref != nil {
		var parameters v1alpha1.GatewayClassParameters
		err := r.client.Get(ctx, types.NamespacedName{Name: ref.Name}, &parameters)
		if client.IgnoreNotFound(err) != nil {
			return reconcile.Result{}, fmt.Errorf("get the parameters of GatewayClass %s: %w", class.Name, err)
		}
		if err == nil {
			snap.GatewayClassParameters = []*v1alpha1.GatewayClassParameters{&parameters}
		}
	}
	ours, ok := gatewayapi.Translate(snap, r.translation).Statuses.GatewayClasses[req.NamespacedName]
	if !ok {
		return reconcile.Result{}, nil
	}
	if err := r.hold(ctx, &class); err != nil {
		return reconcile.Result{}, err
	}
	merged := status.MergeGatewayClass(class.Status, ours, metav1.NewTime(r.now()))
	if status.Equal(merged, class.Status) {
		return reconcile.Result{}, nil
	}
	r.logVersion(ctx, merged)
	changed := class.DeepCopy()
	changed.Status = merged
	return reconcile.Result{}, r.writer.write(ctx, changed, &class)
}

// logVersion logs what is to be done about CRDs of another version, once.
func (r *classReconciler) logVersion(ctx context.Context, status gwv1.GatewayClassStatus) {
	c := meta.FindStatusCondition(status.Conditions, string(gwv1.GatewayClassConditionStatusSupportedVersion))
	if c == nil || c.Status == metav1.ConditionTrue || c.Message == r.logged {
		return
	}
	r.logged = c.Message
	log.FromContext(ctx).Info(c.Message)
}

// hold gives the class a finalizer for as long as there are Gateways of it: "This
// ensures that a GatewayClass associated with a Gateway is not deleted while in use"
// (GatewayClass). The class becomes what the API server has then.
func (r *classReconciler) hold(ctx context.Context, class *gwv1.GatewayClass) error {
	used, err := r.reader.InUse(ctx, class.Name)
	if err != nil {
		return err
	}
	changed := class.DeepCopy()
	switch {
	case !used:
		controllerutil.RemoveFinalizer(changed, gwv1.GatewayClassFinalizerGatewaysExist)
	case class.DeletionTimestamp == nil: // or else no finalizer can be added
		controllerutil.AddFinalizer(changed, gwv1.GatewayClassFinalizerGatewaysExist)
	}
	if slices.Equal(changed.Finalizers, class.Finalizers) {
		return nil
	}
	patch := client.MergeFromWithOptions(class.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if err := r.client.Patch(ctx, changed, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("set the finalizers of GatewayClass %s: %w", class.Name, err)
	}
	*class = *changed
	return nil
}
