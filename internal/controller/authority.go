// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kubera-dev/kubera/internal/infra"
	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/internal/pki"
)

const (
	// AuthoritySecret is the name of the Secret, in the controller's namespace,
	// that holds the authority of the control channel.
	AuthoritySecret = "kubera-control-authority"
	// RotateAnnotation on that Secret, with any value, asks for a new authority.
	RotateAnnotation = "gateway.kubera.dev/rotate"
)

// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,verbs=get;create;update

// authorityReconciler owns the Secret of the authority and takes the steps of its
// rotation.
type authorityReconciler struct {
	client   client.Client
	live     client.Reader
	events   events.EventRecorder
	identity *pki.Identity
	metrics  *metrics.Metrics
	secret   types.NamespacedName
	settle   time.Duration
	now      func() time.Time

	// gateways that have a control Secret.
	gateways func() []types.NamespacedName
	// changed is called when certificates are to be issued anew.
	changed func()
}

// Reconcile reads the Secret from the API server itself: an old one from a cache
// would bring back an authority that is gone.
func (r *authorityReconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var secret corev1.Secret
	err := r.live.Get(ctx, r.secret, &secret)
	if client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, fmt.Errorf("get the Secret of the authority: %w", err)
	}
	if apierrors.IsNotFound(err) {
		return reconcile.Result{}, r.create(ctx)
	}
	authority, err := pki.ParseAuthority(secret.Data, r.now())
	if err != nil {
		r.events.Eventf(&secret, nil, corev1.EventTypeWarning, "AuthorityDamaged", "Replace",
			"The authority of the control channel can't be used and is made anew: %v", err)
		if authority, err = pki.NewAuthority(r.now()); err != nil {
			return reconcile.Result{}, err
		}
		return reconcile.Result{}, r.store(ctx, &secret, authority)
	}

	distributed, err := r.distributed(ctx, authority)
	if err != nil {
		return reconcile.Result{}, err
	}
	_, rotate := secret.Annotations[RotateAnnotation]
	next, after, err := authority.Advance(pki.Observation{Now: r.now(), Distributed: distributed, Settle: r.settle, Rotate: rotate})
	if err != nil {
		return reconcile.Result{}, err
	}
	if next == authority {
		r.use(authority)
		return reconcile.Result{RequeueAfter: after}, nil
	}
	log.FromContext(ctx).Info("rotating the authority of the control channel", "from", authority.Phase(), "to", next.Phase())
	return reconcile.Result{RequeueAfter: after}, r.store(ctx, &secret, next)
}

func (r *authorityReconciler) create(ctx context.Context) error {
	authority, err := pki.NewAuthority(r.now())
	if err != nil {
		return err
	}
	data, err := authority.Data()
	if err != nil {
		return err
	}
	secret := corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: r.secret.Name, Namespace: r.secret.Namespace,
			Labels: infra.ManagedBy(),
		},
		Data: data,
	}
	if err := r.client.Create(ctx, &secret); err != nil {
		return fmt.Errorf("create the Secret of the authority: %w", err)
	}
	r.use(authority)
	return nil
}

// store writes the authority, unless somebody else has written since it was read.
func (r *authorityReconciler) store(ctx context.Context, secret *corev1.Secret, authority *pki.Authority) error {
	data, err := authority.Data()
	if err != nil {
		return err
	}
	secret.Data = data
	if authority.Phase() != pki.Settled {
		secret.Annotations = maps.Clone(secret.Annotations)
		delete(secret.Annotations, RotateAnnotation)
	}
	if err := r.client.Update(ctx, secret); err != nil {
		return fmt.Errorf("update the Secret of the authority: %w", err)
	}
	r.use(authority)
	return nil
}

func (r *authorityReconciler) use(authority *pki.Authority) {
	before := r.identity.Authority()
	if before.Equal(authority) {
		return
	}
	r.identity.Set(authority)
	r.metrics.SetAuthority(authority.NotAfter())
	r.changed()
}

// distributed says whether the control Secret of every Gateway is as the
// authority would write it. One that is missing will be made right.
func (r *authorityReconciler) distributed(ctx context.Context, authority *pki.Authority) (bool, error) {
	for _, gateway := range r.gateways() {
		var secret corev1.Secret
		switch err := r.client.Get(ctx, controlSecretName(gateway), &secret); {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return false, fmt.Errorf("get the control Secret of Gateway %s: %w", gateway, err)
		}
		if _, err := authority.CheckServer(secret.Data, pki.ServerName(gateway.Namespace, gateway.Name), r.now()); err != nil {
			return false, nil //nolint:nilerr // what CheckServer says is the answer
		}
	}
	return true, nil
}
