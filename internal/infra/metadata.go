// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Labels of all objects of a Gateway. The first two are those of GEP-1762.
const (
	LabelGateway      = "gateway.networking.k8s.io/gateway-name"
	LabelGatewayClass = "gateway.networking.k8s.io/gateway-class-name"

	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelComponent = "app.kubernetes.io/component"
	labelManagedBy = "app.kubernetes.io/managed-by"

	appName   = "kubera-proxy"
	component = "proxy"
	manager   = "kubera"
)

// Selector are the labels by which the proxy pods of a Gateway are found in its
// namespace. The value of the Gateway's name is hashed past 63 characters.
func Selector(gateway string) map[string]string {
	return map[string]string{LabelGateway: labelValue(gateway), labelName: appName}
}

// ManagedBy are the labels by which the objects of all Gateways are found.
func ManagedBy() map[string]string {
	return map[string]string{labelManagedBy: manager}
}

func (b *builder) selector() map[string]string { return Selector(b.gateway.Name) }

// labels join the user's with ours, which win.
func (b *builder) labels(extra map[string]string) map[string]string {
	labels := map[string]string{}
	if b.gateway.Spec.Infrastructure != nil {
		for key, value := range b.gateway.Spec.Infrastructure.Labels {
			labels[string(key)] = string(value)
		}
	}
	maps.Copy(labels, extra)
	maps.Copy(labels, map[string]string{
		LabelGatewayClass: labelValue(string(b.gateway.Spec.GatewayClassName)),
		labelInstance:     labelValue(b.gateway.Name),
		labelComponent:    component,
	})
	maps.Copy(labels, ManagedBy())
	maps.Copy(labels, b.selector())
	return labels
}

// annotations join those of the infrastructure with extra, which wins.
func (b *builder) annotations(extra map[string]string) map[string]string {
	annotations := map[string]string{}
	if b.gateway.Spec.Infrastructure != nil {
		for key, value := range b.gateway.Spec.Infrastructure.Annotations {
			annotations[string(key)] = string(value)
		}
	}
	maps.Copy(annotations, extra)
	if len(annotations) == 0 {
		return nil
	}
	return annotations
}

// podAnnotations name the container that kubectl means where none is named, unless the
// user's name another.
func (b *builder) podAnnotations() map[string]string {
	annotations := map[string]string{"kubectl.kubernetes.io/default-container": ContainerName}
	maps.Copy(annotations, b.annotations(b.params.Deployment.PodAnnotations))
	return annotations
}

func (b *builder) objectMeta(annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:            b.name,
		Namespace:       b.gateway.Namespace,
		Labels:          b.labels(nil),
		Annotations:     b.annotations(annotations),
		OwnerReferences: []metav1.OwnerReference{b.owner()},
	}
}

func (b *builder) owner() metav1.OwnerReference {
	return *metav1.NewControllerRef(b.gateway, schema.GroupVersionKind{
		Group: gwv1.GroupName, Version: gwv1.GroupVersion.Version, Kind: "Gateway",
	})
}
