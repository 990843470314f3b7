// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/infra"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses,verbs=create
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gatewayclasses,resourceNames=kubera,verbs=delete

// DefaultGatewayClass is the name of the GatewayClass that the operator makes by
// default.
const DefaultGatewayClass = "kubera"

// cleanupAnnotation on a GatewayClass that is deleted says that it is not to be made
// again: whoever deletes it removes Kubera.
const cleanupAnnotation = "gateway.kubera.dev/cleanup"

// ownClass is the GatewayClass that the operator makes where there is none of the name.
// One that somebody else made is left as it is.
type ownClass struct {
	client         client.Client
	name           string
	controllerName gwv1.GatewayController
	// withdrawn says that the class was deleted for good.
	withdrawn atomic.Bool
}

// ensure makes the class, if a class of this name is ours to make.
func (o *ownClass) ensure(ctx context.Context, name string) error {
	if name != o.name || o.withdrawn.Load() {
		return nil
	}
	class := &gwv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: infra.ManagedBy()},
		Spec: gwv1.GatewayClassSpec{
			ControllerName: o.controllerName,
			Description:    new("Gateways served by Kubera"),
		},
	}
	err := o.client.Create(ctx, class, client.FieldOwner(fieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make GatewayClass %s: %w", name, err)
	}
	return nil
}

// check says in the log that a class of the name serves another controller.
func (o *ownClass) check(ctx context.Context, class *gwv1.GatewayClass) {
	if class.Name == o.name && class.Spec.ControllerName != o.controllerName {
		log.FromContext(ctx).Info("a GatewayClass of this name is of another controller: name another one by --gateway-class",
			"class", class.Name, "controllerName", class.Spec.ControllerName)
	}
}

// watch learns of the class's end for good, also while another replica leads. It lets
// every event through.
func (o *ownClass) watch() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool {
			if e.Object.GetName() == o.name {
				o.withdrawn.Store(false)
			}
			return true
		},
		DeleteFunc: func(e event.DeleteEvent) bool {
			if _, ok := e.Object.GetAnnotations()[cleanupAnnotation]; ok && e.Object.GetName() == o.name {
				o.withdrawn.Store(true)
			}
			return true
		},
	}
}
