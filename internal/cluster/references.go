// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// gateway reads what the Gateway and its class name.
func (g *gatewayReader) gateway(gateway *gwv1.Gateway) error {
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
	if err := g.gatewayTLS(gateway); err != nil {
		return err
	}
	for i := range gateway.Spec.Listeners {
		if err := g.certificates(gateway.Namespace, gateway.Spec.Listeners[i].TLS); err != nil {
			return err
		}
	}
	return nil
}

// listenerSets reads the namespaces of ListenerSets, by whose labels Gateways allow
// them, and what their listeners name.
func (g *gatewayReader) listenerSets() error {
	return each(g, g.out.ListenerSets, func(set *gwv1.ListenerSet) error {
		for i := range set.Spec.Listeners {
			if err := g.certificates(set.Namespace, set.Spec.Listeners[i].TLS); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *gatewayReader) certificates(from string, tls *gwv1.ListenerTLSConfig) error {
	if tls == nil {
		return nil
	}
	for _, ref := range tls.CertificateRefs {
		if err := g.secret(from, ref); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatewayReader) gatewayTLS(gateway *gwv1.Gateway) error {
	tls := gateway.Spec.TLS
	if tls == nil {
		return nil
	}
	if tls.Backend != nil && tls.Backend.ClientCertificateRef != nil {
		if err := g.secret(gateway.Namespace, *tls.Backend.ClientCertificateRef); err != nil {
			return err
		}
	}
	if tls.Frontend == nil {
		return nil
	}
	validations := []*gwv1.FrontendTLSValidation{tls.Frontend.Default.Validation}
	for i := range tls.Frontend.PerPort {
		validations = append(validations, tls.Frontend.PerPort[i].TLS.Validation)
	}
	for _, v := range validations {
		if v == nil {
			continue
		}
		for _, ref := range v.CACertificateRefs {
			if err := g.configMap(gateway.Namespace, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// configMap reads one with CA certificates.
func (g *gatewayReader) configMap(from string, ref gwv1.ObjectReference) error {
	if ref.Group != corev1.GroupName || ref.Kind != gwv1.Kind(ConfigMap) {
		return nil
	}
	name := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, from), Name: string(ref.Name)}
	if err := g.grants(from, name.Namespace); err != nil {
		return err
	}
	return fetch(g, ConfigMap, name, &g.out.ConfigMaps)
}

func (g *gatewayReader) secret(from string, ref gwv1.SecretObjectReference) error {
	if ref.Group != nil && *ref.Group != corev1.GroupName || ref.Kind != nil && *ref.Kind != gwv1.Kind(Secret) {
		return nil
	}
	name := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, from), Name: string(ref.Name)}
	if err := g.grants(from, name.Namespace); err != nil {
		return err
	}
	return fetch(g, Secret, name, &g.out.Secrets)
}

// routes reads what the routes name that were read.
func (g *gatewayReader) routes() error {
	return errors.Join(
		each(g, g.out.HTTPRoutes, g.httpRoute),
		each(g, g.out.GRPCRoutes, g.grpcRoute),
		each(g, g.out.TLSRoutes, func(r *gwv1.TLSRoute) error {
			return eachRule(g, r.Namespace, r.Spec.Rules, func(rule *gwv1.TLSRouteRule) []gwv1.BackendRef { return rule.BackendRefs })
		}),
		each(g, g.out.TCPRoutes, func(r *gwv1.TCPRoute) error {
			return eachRule(g, r.Namespace, r.Spec.Rules, func(rule *gwv1.TCPRouteRule) []gwv1.BackendRef { return rule.BackendRefs })
		}),
		each(g, g.out.UDPRoutes, func(r *gwv1.UDPRoute) error {
			return eachRule(g, r.Namespace, r.Spec.Rules, func(rule *gwv1.UDPRouteRule) []gwv1.BackendRef { return rule.BackendRefs })
		}),
	)
}

// each reads the namespaces of objects, by whose labels they are selected, and what
// the objects name.
func each[T client.Object](g *gatewayReader, objects []T, references func(T) error) error {
	for _, object := range objects {
		if err := fetch(g, Namespace, types.NamespacedName{Name: object.GetNamespace()}, &g.out.Namespaces); err != nil {
			return err
		}
		if err := references(object); err != nil {
			return err
		}
	}
	return nil
}

// eachRule reads the backends of rules that have nothing else.
func eachRule[T any](g *gatewayReader, namespace string, rules []T, backends func(*T) []gwv1.BackendRef) error {
	for i := range rules {
		for _, ref := range backends(&rules[i]) {
			if err := g.service(namespace, ref.BackendObjectReference); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gatewayReader) grpcRoute(route *gwv1.GRPCRoute) error {
	return eachRule(g, route.Namespace, route.Spec.Rules, func(rule *gwv1.GRPCRouteRule) []gwv1.BackendRef {
		refs := make([]gwv1.BackendRef, 0, len(rule.BackendRefs))
		for i := range rule.BackendRefs {
			refs = append(refs, rule.BackendRefs[i].BackendRef)
		}
		return refs
	})
}

func (g *gatewayReader) httpRoute(route *gwv1.HTTPRoute) error {
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
