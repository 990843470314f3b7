// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
)

// +kubebuilder:rbac:groups="",resources=services;serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways/finalizers,verbs=update

// provisioner makes the objects of Gateways.
type provisioner struct {
	applier *applier
	secrets *controlSecrets
	events  events.EventRecorder
	image   string
	// controllerNamespace is where the controller's pods are; empty for no
	// NetworkPolicies.
	controllerNamespace string
}

// ensure makes the Gateway's objects what they should be, and says after what time
// to look again. It fills in where the proxies are found, and what keeps objects
// from being made. One object that can't be made does not keep the others from it.
func (p *provisioner) ensure(ctx context.Context, model *gatewayapi.Gateway, prog *program) (time.Duration, error) {
	gateway := model.Object
	input := infra.Input{
		Gateway: gateway, Parameters: model.Parameters, Image: p.image, ControllerNamespace: p.controllerNamespace,
	}
	input.Ports, input.Closing = prog.ports.split()
	prog.label = infra.Selector(gateway.Name)[infra.LabelGateway]
	prog.service = types.NamespacedName{Namespace: gateway.Namespace, Name: infra.Name(gateway.Name)}

	objects, err := infra.Objects(input)
	if err != nil {
		// Trying again changes nothing; other parameters do, and are an event.
		p.report(gateway, prog, fault{"InvalidParameters", fmt.Sprintf("the parameters of the Gateway or of its class: %v", err)})
		return p.secrets.renew(ctx, gateway)
	}
	// First the Secret, without which no pod starts.
	again, err := p.secrets.ensure(ctx, gateway, metadataOf(objects[0]))
	errs := []error{err}
	for _, object := range objects {
		errs = append(errs, p.applier.apply(ctx, gateway, object))
	}
	for _, object := range infra.Unwanted(input) {
		errs = append(errs, p.applier.remove(ctx, gateway, object))
	}
	passing := make([]error, 0, len(errs))
	for _, err := range errs {
		if f, ok := faultOf(err); ok {
			p.report(gateway, prog, f)
			// What stands in the way is not watched, as it is not ours.
			again = sooner(again, faultPause)
			continue
		}
		passing = append(passing, err)
	}
	return again, errors.Join(passing...)
}

// withdraw deletes the objects that we made for a Gateway that another controller
// serves now.
func (p *provisioner) withdraw(ctx context.Context, gateway *gwv1.Gateway) error {
	var errs []error
	for _, object := range infra.Kinds() {
		object.SetNamespace(gateway.Namespace)
		object.SetName(infra.Name(gateway.Name))
		errs = append(errs, p.applier.withdraw(ctx, gateway, object))
	}
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = gateway.Namespace, infra.ControlSecretName(gateway.Name)
	return errors.Join(append(errs, p.applier.withdraw(ctx, gateway, secret))...)
}

// controlSecretName is where the proxies of a Gateway get their certificate from.
func controlSecretName(gateway types.NamespacedName) client.ObjectKey {
	return client.ObjectKey{Namespace: gateway.Namespace, Name: infra.ControlSecretName(gateway.Name)}
}
