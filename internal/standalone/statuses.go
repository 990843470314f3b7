// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
)

// Status of one object.
type Status struct {
	Object *manifest.Object
	// Value is the status as it would stand in the object.
	Value any
	// Conditions in Value, all of them.
	Conditions []Condition
}

// Condition with what it is about.
type Condition struct {
	metav1.Condition
	// Scope is the part of the object that the condition is about, such as
	// "listener https" or "parent Gateway default/web". Empty: the whole object.
	Scope string
	// Field of the object that Scope stands for, or empty.
	Field string
}

// statuses collects the statuses of all objects of set that have one.
func statuses(set *manifest.Set, result *gatewayapi.Result) []Status {
	var list []Status
	for _, object := range set.Objects {
		if value, conditions := statusOf(object, result.Statuses); value != nil {
			list = append(list, Status{Object: object, Value: value, Conditions: conditions})
		}
	}
	return list
}

// statusOf gives nil for an object without status.
func statusOf(object *manifest.Object, s gatewayapi.Statuses) (any, []Condition) {
	name := types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
	switch value := object.Value.(type) {
	case *gwv1.GatewayClass:
		return found(s.GatewayClasses, name, func(s gwv1.GatewayClassStatus) []Condition { return plain(s.Conditions) })
	case *gwv1.Gateway:
		return found(s.Gateways, name, func(s gwv1.GatewayStatus) []Condition { return ofGateway(s, value) })
	case *gwv1.ListenerSet:
		return found(s.ListenerSets, name, func(s gwv1.ListenerSetStatus) []Condition { return ofListenerSet(s, value) })
	case *gwv1.HTTPRoute:
		return found(s.HTTPRoutes, name, ofRoute(value.Spec.ParentRefs))
	case *gwv1.GRPCRoute:
		return found(s.GRPCRoutes, name, ofRoute(value.Spec.ParentRefs))
	case *gwv1.TLSRoute:
		return found(s.TLSRoutes, name, ofRoute(value.Spec.ParentRefs))
	case *gwv1.TCPRoute:
		return found(s.TCPRoutes, name, ofRoute(value.Spec.ParentRefs))
	case *gwv1.UDPRoute:
		return found(s.UDPRoutes, name, ofRoute(value.Spec.ParentRefs))
	case *gwv1.BackendTLSPolicy:
		return found(s.BackendTLSPolicies, name, ofPolicy)
	case *v1alpha1.StaticResponseFilter:
		return found(s.StaticResponseFilters, name, func(s v1alpha1.FilterStatus) []Condition { return plain(s.Conditions) })
	case *v1alpha1.AccessControlFilter:
		return found(s.AccessControlFilters, name, func(s v1alpha1.FilterStatus) []Condition { return plain(s.Conditions) })
	}
	return nil, nil
}

func found[S any](all map[types.NamespacedName]S, name types.NamespacedName, conditions func(S) []Condition) (any, []Condition) {
	status, ok := all[name]
	if !ok {
		return nil, nil
	}
	return status, conditions(status)
}

func plain(conditions []metav1.Condition) []Condition {
	return scoped(conditions, "", "")
}

func scoped(conditions []metav1.Condition, scope, field string) []Condition {
	list := make([]Condition, 0, len(conditions))
	for _, c := range conditions {
		list = append(list, Condition{Condition: c, Scope: scope, Field: field})
	}
	return list
}

func ofGateway(s gwv1.GatewayStatus, gw *gwv1.Gateway) []Condition {
	list := plain(s.Conditions)
	for _, listener := range s.Listeners {
		i := slices.IndexFunc(gw.Spec.Listeners, func(l gwv1.Listener) bool { return l.Name == listener.Name })
		list = append(list, scoped(listener.Conditions, fmt.Sprintf("listener %s", listener.Name), listenerField(i))...)
	}
	return list
}

func ofListenerSet(s gwv1.ListenerSetStatus, set *gwv1.ListenerSet) []Condition {
	list := plain(s.Conditions)
	for _, listener := range s.Listeners {
		i := slices.IndexFunc(set.Spec.Listeners, func(l gwv1.ListenerEntry) bool { return l.Name == listener.Name })
		list = append(list, scoped(listener.Conditions, fmt.Sprintf("listener %s", listener.Name), listenerField(i))...)
	}
	return list
}

func ofRoute(refs []gwv1.ParentReference) func(gwv1.RouteStatus) []Condition {
	return func(s gwv1.RouteStatus) []Condition {
		var list []Condition
		for _, parent := range s.Parents {
			i := slices.IndexFunc(refs, func(ref gwv1.ParentReference) bool {
				return ref.Name == parent.ParentRef.Name &&
					equal(ref.Namespace, parent.ParentRef.Namespace) &&
					equal(ref.SectionName, parent.ParentRef.SectionName) &&
					equal(ref.Port, parent.ParentRef.Port)
			})
			list = append(list, scoped(parent.Conditions, "parent "+reference(parent.ParentRef), fmt.Sprintf("spec.parentRefs[%d]", i))...)
		}
		return list
	}
}

func ofPolicy(s gwv1.PolicyStatus) []Condition {
	var list []Condition
	for _, ancestor := range s.Ancestors {
		list = append(list, scoped(ancestor.Conditions, "ancestor "+reference(ancestor.AncestorRef), "")...)
	}
	return list
}

func equal[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// reference words a ParentReference: "Gateway other/web listener http port 80".
func reference(ref gwv1.ParentReference) string {
	text := "Gateway "
	if ref.Kind != nil {
		text = string(*ref.Kind) + " "
	}
	if ref.Namespace != nil {
		text += string(*ref.Namespace) + "/"
	}
	text += string(ref.Name)
	if ref.SectionName != nil {
		text += " listener " + string(*ref.SectionName)
	}
	if ref.Port != nil {
		text += fmt.Sprintf(" port %d", *ref.Port)
	}
	return text
}

// APIVersion of an object, as its Go type has it.
func APIVersion(object *manifest.Object) string {
	if object.Group == v1alpha1.GroupVersion.Group {
		return v1alpha1.GroupVersion.String()
	}
	return gwv1.GroupVersion.String()
}

func listenerField(i int) string {
	return fmt.Sprintf("spec.listeners[%d]", i)
}
