// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// fallen are the conditions of objects that are announced when they become False, by
// the reason of the Event.
var fallen = []struct{ condition, reason string }{
	{string(gwv1.RouteConditionAccepted), "NotAccepted"},
	{string(gwv1.RouteConditionResolvedRefs), "RefsNotResolved"},
}

// change of the conditions of an object, as a status that is written makes it.
type change struct {
	object client.Object
	// parent whose conditions they are, nil for those of the object itself.
	parent      *gwv1.ParentReference
	before, now []metav1.Condition
}

// announceFallen raises an Event for each condition that was not False and is now. What
// stays False is not news, nor is what becomes True.
func announceFallen(recorder events.EventRecorder, c change) {
	for _, f := range fallen {
		now := meta.FindStatusCondition(c.now, f.condition)
		if now == nil || now.Status != metav1.ConditionFalse || meta.IsStatusConditionFalse(c.before, f.condition) {
			continue
		}
		if c.parent == nil {
			recorder.Eventf(c.object, nil, corev1.EventTypeWarning, f.reason, "WriteStatus", "%s: %s", now.Reason, now.Message)
			continue
		}
		recorder.Eventf(c.object, parentReference(*c.parent, c.object.GetNamespace()), corev1.EventTypeWarning, f.reason, "WriteStatus",
			"%s: %s: %s", nameOfParent(*c.parent, c.object.GetNamespace()), now.Reason, now.Message)
	}
}

// announceParents does so for each parent of a route that is ours.
func (d *dependentStatuses) announceParents(route client.Object, before, now gwv1.RouteStatus) {
	old := map[string][]metav1.Condition{}
	for i := range before.Parents {
		if p := &before.Parents[i]; p.ControllerName == d.controllerName {
			old[nameOfParent(p.ParentRef, route.GetNamespace())] = p.Conditions
		}
	}
	for i := range now.Parents {
		if p := &now.Parents[i]; p.ControllerName == d.controllerName {
			before := old[nameOfParent(p.ParentRef, route.GetNamespace())]
			announceFallen(d.events, change{object: route, parent: &p.ParentRef, before: before, now: p.Conditions})
		}
	}
}

// announceAncestors does so for each ancestor of a policy that is ours.
func (d *dependentStatuses) announceAncestors(policy client.Object, before, now gwv1.PolicyStatus) {
	d.announceParents(policy, asParents(before), asParents(now))
}

// asParents is the status of a policy as if it were that of a route: both say the same.
func asParents(status gwv1.PolicyStatus) (as gwv1.RouteStatus) {
	for i := range status.Ancestors {
		a := &status.Ancestors[i]
		as.Parents = append(as.Parents, gwv1.RouteParentStatus{ParentRef: a.AncestorRef, ControllerName: a.ControllerName, Conditions: a.Conditions})
	}
	return as
}

// parentReference is what Events about several parents are told apart by.
func parentReference(ref gwv1.ParentReference, namespace string) *corev1.ObjectReference {
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	object := &corev1.ObjectReference{APIVersion: gwv1.GroupVersion.String(), Kind: "Gateway", Namespace: namespace, Name: string(ref.Name)}
	if ref.Kind != nil {
		object.Kind = string(*ref.Kind)
	}
	if ref.SectionName != nil {
		object.FieldPath = string(*ref.SectionName)
	}
	return object
}

// nameOfParent is a reference for people. Two that differ have other names.
func nameOfParent(ref gwv1.ParentReference, namespace string) string {
	var name strings.Builder
	if ref.Kind != nil {
		fmt.Fprintf(&name, "%s ", *ref.Kind)
	} else {
		name.WriteString("Gateway ")
	}
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	fmt.Fprintf(&name, "%s/%s", namespace, ref.Name)
	if ref.SectionName != nil {
		fmt.Fprintf(&name, ", listener %s", *ref.SectionName)
	}
	if ref.Port != nil {
		fmt.Fprintf(&name, ", port %d", *ref.Port)
	}
	return name.String()
}

// announceProgrammed raises Events when a Gateway begins or ceases to be programmed,
// and when it is not accepted any more.
func (r *programmedReconciler) announceProgrammed(gateway *gwv1.Gateway, now gwv1.GatewayStatus, proxies int) {
	const programmed = string(gwv1.GatewayConditionProgrammed)
	before := gateway.Status.Conditions
	announceFallen(r.events, change{object: gateway, before: before, now: now.Conditions})
	was, is := meta.IsStatusConditionTrue(before, programmed), meta.FindStatusCondition(now.Conditions, programmed)
	switch {
	case is == nil:
	case !was && is.Status == metav1.ConditionTrue:
		var addresses []string
		for _, a := range now.Addresses {
			addresses = append(addresses, a.Value)
		}
		r.events.Eventf(gateway, nil, corev1.EventTypeNormal, "Programmed", "WriteStatus",
			"Served by %d proxies at %s", proxies, strings.Join(addresses, ", "))
	case was && is.Status != metav1.ConditionTrue:
		r.events.Eventf(gateway, nil, corev1.EventTypeWarning, "NotProgrammed", "WriteStatus", "%s: %s", is.Reason, is.Message)
	}
}
