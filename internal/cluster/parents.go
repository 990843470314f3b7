// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Absent has true for the optional kinds that a cluster doesn't have.
type Absent map[Kind]bool

// Kinds gives those that are absent, sorted.
func (a Absent) Kinds() []Kind {
	var kinds []Kind
	for _, kind := range OptionalKinds() {
		if a[kind] {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// Children gives an empty object of each kind, of those that the cluster has,
// whose objects name the Gateways that they belong to: routes and ListenerSets.
func (a Absent) Children() []client.Object {
	children := []client.Object{&gwv1.HTTPRoute{}}
	for _, optional := range []struct {
		kind   Kind
		object client.Object
	}{
		{GRPCRoute, &gwv1.GRPCRoute{}},
		{TLSRoute, &gwv1.TLSRoute{}},
		{TCPRoute, &gwv1.TCPRoute{}},
		{UDPRoute, &gwv1.UDPRoute{}},
		{ListenerSet, &gwv1.ListenerSet{}},
	} {
		if !a[optional.kind] {
			children = append(children, optional.object)
		}
	}
	return children
}

// Parents are the Gateways that an object names as parents, in spec or in the
// status that it has from before, each once. The latter need to be told when a
// route leaves. Of policies it is the ancestors in the status.
func Parents(object client.Object) []types.NamespacedName {
	var names []types.NamespacedName
	for _, ref := range parentRefs(object) {
		name, ok := GatewayOf(ref, object.GetNamespace())
		if ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// SetParents are the ListenerSets that a route names as parents, in spec or in the
// status that it has from before, each once.
func SetParents(object client.Object) []types.NamespacedName {
	var names []types.NamespacedName
	for _, ref := range parentRefs(object) {
		if name, ok := SetOf(ref, object.GetNamespace()); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func parentRefs(object client.Object) []gwv1.ParentReference {
	switch o := object.(type) {
	case *gwv1.HTTPRoute:
		return withStatus(o.Spec.ParentRefs, &o.Status.RouteStatus)
	case *gwv1.GRPCRoute:
		return withStatus(o.Spec.ParentRefs, &o.Status.RouteStatus)
	case *gwv1.TLSRoute:
		return withStatus(o.Spec.ParentRefs, &o.Status.RouteStatus)
	case *gwv1.TCPRoute:
		return withStatus(o.Spec.ParentRefs, &o.Status.RouteStatus)
	case *gwv1.UDPRoute:
		return withStatus(o.Spec.ParentRefs, &o.Status.RouteStatus)
	case *gwv1.ListenerSet:
		ref := o.Spec.ParentRef
		return []gwv1.ParentReference{{Group: ref.Group, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}}
	case *gwv1.BackendTLSPolicy:
		var refs []gwv1.ParentReference
		for i := range o.Status.Ancestors {
			refs = append(refs, o.Status.Ancestors[i].AncestorRef)
		}
		return refs
	}
	return nil
}

func withStatus(refs []gwv1.ParentReference, status *gwv1.RouteStatus) []gwv1.ParentReference {
	refs = slices.Clip(refs)
	for i := range status.Parents {
		refs = append(refs, status.Parents[i].ParentRef)
	}
	return refs
}

// GatewayOf gives the Gateway that a reference from an object in the namespace
// leads to, and whether it leads to one.
func GatewayOf(ref gwv1.ParentReference, namespace string) (types.NamespacedName, bool) {
	if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind != nil && *ref.Kind != "Gateway" {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: namespaceOr(ref.Namespace, namespace), Name: string(ref.Name)}, true
}

// SetOf gives the ListenerSet that a reference from an object in the namespace leads
// to, and whether it leads to one.
func SetOf(ref gwv1.ParentReference, namespace string) (types.NamespacedName, bool) {
	if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind == nil || *ref.Kind != gwv1.Kind(ListenerSet) {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: namespaceOr(ref.Namespace, namespace), Name: string(ref.Name)}, true
}
