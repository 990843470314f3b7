// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// gateway reads what the Gateway names itself.
func (g *gatewayReader) gateway(gateway *gwv1.Gateway) error {
	class := types.NamespacedName{Name: string(gateway.Spec.GatewayClassName)}
	if err := fetch(g, GatewayClass, class, &g.out.GatewayClasses); err != nil {
		return err
	}
	for _, c := range g.out.GatewayClasses {
		if ref := c.Spec.ParametersRef; ref != nil && ref.Group == v1alpha1.GroupName && ref.Kind == gwv1.Kind(GatewayClassParameters) {
			name := types.NamespacedName{Name: ref.Name}
			if err := fetch(g, GatewayClassParameters, name, &g.out.GatewayClassParameters); err != nil {
				return err
			}
		}
	}
	if infra := gateway.Spec.Infrastructure; infra != nil && infra.ParametersRef != nil {
		ref := infra.ParametersRef
		if ref.Group == v1alpha1.GroupName && ref.Kind == gwv1.Kind(GatewayParameters) {
			name := types.NamespacedName{Namespace: gateway.Namespace, Name: ref.Name}
			if err := fetch(g, GatewayParameters, name, &g.out.GatewayParameters); err != nil {
				return err
			}
		}
	}
	for i := range gateway.Spec.Listeners {
		if err := g.listener(gateway.Namespace, &gateway.Spec.Listeners[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatewayReader) listener(namespace string, l *gwv1.Listener) error {
	if l.TLS == nil {
		return nil
	}
	for _, ref := range l.TLS.CertificateRefs {
		if ref.Group != nil && *ref.Group != corev1.GroupName || ref.Kind != nil && *ref.Kind != gwv1.Kind(Secret) {
			continue
		}
		name := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, namespace), Name: string(ref.Name)}
		if err := g.grants(namespace, name.Namespace); err != nil {
			return err
		}
		if err := fetch(g, Secret, name, &g.out.Secrets); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatewayReader) route(route *gwv1.HTTPRoute) error {
	for i := range route.Spec.Rules {
		rule := &route.Spec.Rules[i]
		if err := g.filters(route.Namespace, rule.Filters); err != nil {
			return err
		}
		for j := range rule.BackendRefs {
			ref := &rule.BackendRefs[j]
			if err := g.service(route.Namespace, ref.BackendObjectReference); err != nil {
				return err
			}
			if err := g.filters(route.Namespace, ref.Filters); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gatewayReader) filters(namespace string, filters []gwv1.HTTPRouteFilter) error {
	for i := range filters {
		f := &filters[i]
		if f.RequestMirror != nil {
			if err := g.service(namespace, f.RequestMirror.BackendRef); err != nil {
				return err
			}
		}
		if f.ExtensionRef == nil || f.ExtensionRef.Group != v1alpha1.GroupName {
			continue
		}
		name := types.NamespacedName{Namespace: namespace, Name: string(f.ExtensionRef.Name)}
		var err error
		switch Kind(f.ExtensionRef.Kind) {
		case StaticResponseFilter:
			err = fetch(g, StaticResponseFilter, name, &g.out.StaticResponseFilters)
		case AccessControlFilter:
			err = fetch(g, AccessControlFilter, name, &g.out.AccessControlFilters)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
