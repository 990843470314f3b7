// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// Index finds the objects of a Snapshot by name. It is built once for each
// translation and safe for concurrent reading. Lookups that find nothing give nil.
type Index struct {
	classes      map[types.NamespacedName]*gwv1.GatewayClass
	gateways     map[types.NamespacedName]*gwv1.Gateway
	listenerSets map[types.NamespacedName]*gwv1.ListenerSet
	namespaces   map[types.NamespacedName]*corev1.Namespace
	services     map[types.NamespacedName]*corev1.Service
	secrets      map[types.NamespacedName]*corev1.Secret
	configMaps   map[types.NamespacedName]*corev1.ConfigMap
	classParams  map[types.NamespacedName]*v1alpha1.GatewayClassParameters
	params       map[types.NamespacedName]*v1alpha1.GatewayParameters
	static       map[types.NamespacedName]*v1alpha1.StaticResponseFilter
	access       map[types.NamespacedName]*v1alpha1.AccessControlFilter

	grants map[string][]*gwv1.ReferenceGrant
	slices map[types.NamespacedName][]*discoveryv1.EndpointSlice
	tls    map[types.NamespacedName][]*gwv1.BackendTLSPolicy
}

// NewIndex indexes s, which must not change while the Index is in use. No two
// objects of a kind may have the same name.
func NewIndex(s *Snapshot) *Index {
	return &Index{
		classes:      byName(s.GatewayClasses),
		gateways:     byName(s.Gateways),
		listenerSets: byName(s.ListenerSets),
		namespaces:   byName(s.Namespaces),
		services:     byName(s.Services),
		secrets:      byName(s.Secrets),
		configMaps:   byName(s.ConfigMaps),
		classParams:  byName(s.GatewayClassParameters),
		params:       byName(s.GatewayParameters),
		static:       byName(s.StaticResponseFilters),
		access:       byName(s.AccessControlFilters),
		grants:       group(s.ReferenceGrants, one((*gwv1.ReferenceGrant).GetNamespace)),
		slices:       group(s.EndpointSlices, one(ServiceOf)),
		tls:          group(s.BackendTLSPolicies, TargetsOf),
	}
}

// GatewayClass with the name.
func (x *Index) GatewayClass(name string) *gwv1.GatewayClass {
	return x.classes[types.NamespacedName{Name: name}]
}

// Gateway with the name.
func (x *Index) Gateway(name types.NamespacedName) *gwv1.Gateway { return x.gateways[name] }

// ListenerSet with the name.
func (x *Index) ListenerSet(name types.NamespacedName) *gwv1.ListenerSet {
	return x.listenerSets[name]
}

// Namespace with the name.
func (x *Index) Namespace(name string) *corev1.Namespace {
	return x.namespaces[types.NamespacedName{Name: name}]
}

// Service with the name.
func (x *Index) Service(name types.NamespacedName) *corev1.Service { return x.services[name] }

// Secret with the name.
func (x *Index) Secret(name types.NamespacedName) *corev1.Secret { return x.secrets[name] }

// ConfigMap with the name.
func (x *Index) ConfigMap(name types.NamespacedName) *corev1.ConfigMap { return x.configMaps[name] }

// GatewayClassParameters with the name.
func (x *Index) GatewayClassParameters(name string) *v1alpha1.GatewayClassParameters {
	return x.classParams[types.NamespacedName{Name: name}]
}

// GatewayParameters with the name.
func (x *Index) GatewayParameters(name types.NamespacedName) *v1alpha1.GatewayParameters {
	return x.params[name]
}

// StaticResponseFilter with the name.
func (x *Index) StaticResponseFilter(name types.NamespacedName) *v1alpha1.StaticResponseFilter {
	return x.static[name]
}

// AccessControlFilter with the name.
func (x *Index) AccessControlFilter(name types.NamespacedName) *v1alpha1.AccessControlFilter {
	return x.access[name]
}

// ReferenceGrants of a namespace.
func (x *Index) ReferenceGrants(namespace string) []*gwv1.ReferenceGrant { return x.grants[namespace] }

// EndpointSlices of a Service.
func (x *Index) EndpointSlices(service types.NamespacedName) []*discoveryv1.EndpointSlice {
	return x.slices[service]
}

// BackendTLSPolicies that target a Service.
func (x *Index) BackendTLSPolicies(service types.NamespacedName) []*gwv1.BackendTLSPolicy {
	return x.tls[service]
}

// ServiceOf gives the Service that a slice holds endpoints of. Its name is empty
// if the slice belongs to none.
func ServiceOf(s *discoveryv1.EndpointSlice) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Labels[discoveryv1.LabelServiceName]}
}

// TargetsOf gives the Services that a policy is for.
func TargetsOf(p *gwv1.BackendTLSPolicy) []types.NamespacedName {
	var targets []types.NamespacedName
	for _, ref := range p.Spec.TargetRefs {
		if ref.Group == "" && ref.Kind == "Service" {
			targets = append(targets, types.NamespacedName{Namespace: p.Namespace, Name: string(ref.Name)})
		}
	}
	return targets
}

// GatewayOfSet gives the Gateway that a ListenerSet names as its parent, and whether
// it names one.
func GatewayOfSet(set *gwv1.ListenerSet) (types.NamespacedName, bool) {
	ref := set.Spec.ParentRef
	if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind != nil && *ref.Kind != "Gateway" {
		return types.NamespacedName{}, false
	}
	name := types.NamespacedName{Namespace: set.Namespace, Name: string(ref.Name)}
	if ref.Namespace != nil {
		name.Namespace = string(*ref.Namespace)
	}
	return name, true
}

// NameOf is the namespace and name of an object.
func NameOf(o metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
}

func byName[T metav1.Object](list []T) map[types.NamespacedName]T {
	m := make(map[types.NamespacedName]T, len(list))
	for _, o := range list {
		m[NameOf(o)] = o
	}
	return m
}

func group[K comparable, T any](list []T, keys func(T) []K) map[K][]T {
	m := make(map[K][]T)
	for _, o := range list {
		for _, k := range keys(o) {
			m[k] = append(m[k], o)
		}
	}
	return m
}

func one[K, T any](key func(T) K) func(T) []K {
	return func(o T) []K { return []K{key(o)} }
}
