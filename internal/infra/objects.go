// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/parameters"
)

// Input is what the objects of one Gateway follow from. It is not modified.
type Input struct {
	// Gateway that the objects are for, and that owns them.
	Gateway *gwv1.Gateway
	// Parameters of its class and its own, merged. They need not have defaults.
	Parameters v1alpha1.GatewayParametersSpec
	// Ports that the Gateway listens on, in any order.
	Ports []Port
	// Closing are ports of listeners that are gone, on which connections may not have
	// ended yet. The NetworkPolicy leaves them open.
	Closing []Port
	// Image of the proxy, where Parameters name none.
	Image string
	// ControllerNamespace is where the controller's pods are, which alone may reach
	// the control port. If it is empty there is no NetworkPolicy, whatever Parameters
	// say.
	ControllerNamespace string
}

// Object is a Kubernetes object, as in client.Object of controller-runtime.
type Object interface {
	metav1.Object
	runtime.Object
}

// Kinds of the objects that Objects and Unwanted return.
func Kinds() []Object {
	return []Object{
		&corev1.ServiceAccount{}, &corev1.Service{}, &appsv1.Deployment{},
		&policyv1.PodDisruptionBudget{}, &autoscalingv2.HorizontalPodAutoscaler{},
		&networkingv1.NetworkPolicy{},
	}
}

// Objects returns what the Gateway needs, with apiVersion and kind, in the order
// in which it is best applied. A Gateway without ports gets no Service, as
// Kubernetes has none without ports; one that is there stays, with its address.
//
// The Secret ControlSecretName, which the pods mount, is left to whoever issues
// certificates.
//
// An error is about the parameters and names the field that is wrong.
func Objects(in Input) ([]Object, error) {
	b := newBuilder(in)
	if b.params.Deployment.Image == "" {
		return nil, errors.New("spec.deployment.image: no image is set, nor a default for it")
	}
	deployment, err := b.deployment()
	if err != nil {
		return nil, err
	}
	objects := []Object{b.serviceAccount()}
	if b.wantsNetworkPolicy() {
		// Before anybody hears of a new port.
		objects = append(objects, b.networkPolicy())
	}
	if len(b.ports) > 0 {
		objects = append(objects, b.service())
	}
	objects = append(objects, deployment, b.podDisruptionBudget())
	if b.params.Deployment.Autoscaling != nil {
		objects = append(objects, b.autoscaler())
	}
	return objects, nil
}

// Unwanted returns the objects that the Gateway may have had before and must not
// have now, with type, namespace, name and owner alone.
func Unwanted(in Input) []Object {
	b := newBuilder(in)
	bare := metav1.ObjectMeta{
		Name: b.name, Namespace: in.Gateway.Namespace, OwnerReferences: []metav1.OwnerReference{b.owner()},
	}
	var unwanted []Object
	if !b.wantsNetworkPolicy() {
		unwanted = append(unwanted, &networkingv1.NetworkPolicy{
			TypeMeta: typeMeta(networkingv1.SchemeGroupVersion, "NetworkPolicy"), ObjectMeta: bare,
		})
	}
	if b.params.Deployment.Autoscaling == nil {
		unwanted = append(unwanted, &autoscalingv2.HorizontalPodAutoscaler{
			TypeMeta: typeMeta(autoscalingv2.SchemeGroupVersion, "HorizontalPodAutoscaler"), ObjectMeta: bare,
		})
	}
	return unwanted
}

// Port is a port that a Gateway listens on.
type Port struct {
	Number int32
	// Protocol is TCP or UDP.
	Protocol corev1.Protocol
}

// sorted joins ports, each once.
func sorted(ports ...[]Port) []Port {
	return slices.Compact(slices.SortedFunc(slices.Values(slices.Concat(ports...)), comparePorts))
}

func comparePorts(a, b Port) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
}

// builder makes the objects of one Gateway.
type builder struct {
	gateway *gwv1.Gateway
	params  v1alpha1.GatewayParametersSpec
	// ports are sorted and distinct.
	ports   []Port
	closing []Port
	// name of all objects.
	name string

	controllerNamespace string
}

func newBuilder(in Input) *builder {
	b := &builder{
		gateway: in.Gateway,
		params:  parameters.Defaults(in.Parameters),
		ports:   sorted(in.Ports),
		closing: in.Closing,
		name:    Name(in.Gateway.Name),

		controllerNamespace: in.ControllerNamespace,
	}
	if b.params.Deployment.Image == "" {
		b.params.Deployment.Image = in.Image
	}
	return b
}

func (b *builder) serviceAccount() *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:   typeMeta(corev1.SchemeGroupVersion, "ServiceAccount"),
		ObjectMeta: b.objectMeta(nil),
		// Proxies read nothing from the cluster.
		AutomountServiceAccountToken: new(false),
	}
}

func (b *builder) deployment() (*appsv1.Deployment, error) {
	d := b.params.Deployment
	deployment := &appsv1.Deployment{
		TypeMeta:   typeMeta(appsv1.SchemeGroupVersion, "Deployment"),
		ObjectMeta: b.objectMeta(nil),
		Spec: appsv1.DeploymentSpec{
			// nil leaves the number to the autoscaler.
			Replicas: d.Replicas,
			Selector: &metav1.LabelSelector{MatchLabels: b.selector()},
			Strategy: *d.Strategy,
			Template: b.podTemplate(),
		},
	}
	patched, err := parameters.PatchDeployment(deployment, d.Patch)
	if err != nil {
		return nil, fmt.Errorf("spec.deployment.patch: %w", err)
	}
	return patched, nil
}

func typeMeta(gv schema.GroupVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: gv.String(), Kind: kind}
}
