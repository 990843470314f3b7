// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// parent is a parentRef of a route that leads to a Gateway of ours, or to a
// ListenerSet of one.
type parent struct {
	ref     gwv1.ParentReference
	gateway *gateway
	// listeners that the parentRef can select.
	listeners   []*listener
	attachments []attachment
	// problem is set if there are no attachments.
	problem *problem
	// displaced words the listeners whose hostname has a route of another kind.
	displaced []string
}

type attachment struct {
	listener  *listener
	hostnames []string
}

// parentsOf gives the parents of a route that are ours. A parentRef that is
// repeated counts once.
func (t *translation) parentsOf(r *route) []*parent {
	var parents []*parent
	seen := map[parentKey]bool{}
	for _, ref := range r.refs {
		key := keyOf(ref, r.object.GetNamespace())
		if seen[key] {
			continue
		}
		seen[key] = true
		if p := t.parentOf(r, ref, key); p != nil {
			parents = append(parents, p)
		}
	}
	return parents
}

// parentKey is a parentRef with its defaults.
type parentKey struct {
	group, kind string
	name        types.NamespacedName
	section     string
	port        int32
}

func keyOf(ref gwv1.ParentReference, namespace string) parentKey {
	k := parentKey{group: gwv1.GroupName, kind: "Gateway", name: types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}}
	if ref.Group != nil {
		k.group = string(*ref.Group)
	}
	if ref.Kind != nil {
		k.kind = string(*ref.Kind)
	}
	if ref.Namespace != nil {
		k.name.Namespace = string(*ref.Namespace)
	}
	if ref.SectionName != nil {
		k.section = string(*ref.SectionName)
	}
	if ref.Port != nil {
		k.port = *ref.Port
	}
	return k
}

func (t *translation) parentOf(r *route, ref gwv1.ParentReference, key parentKey) *parent {
	if key.group != gwv1.GroupName {
		return nil
	}
	switch key.kind {
	case "Gateway":
		if g := t.gateways[key.name]; g != nil {
			return t.match(r, key, &parent{ref: ref, gateway: g, listeners: slices.Collect(g.own())})
		}
	case "ListenerSet":
		set := t.sets[key.name]
		if set == nil {
			return nil
		}
		if set.problem != nil {
			return &parent{ref: ref, gateway: set.gateway, problem: problemf(gwv1.RouteReasonNoMatchingParent,
				"ListenerSet %s is not part of a Gateway: %s", key.name, set.problem.message)}
		}
		return t.match(r, key, &parent{ref: ref, gateway: set.gateway, listeners: set.listeners})
	}
	return nil
}

// selection words what a parentRef selects of its Gateway.
func (k parentKey) selection() string {
	selection := ""
	if k.section != "" {
		selection += " named " + k.section
	}
	if k.port != 0 {
		selection += fmt.Sprintf(" on port %d", k.port)
	}
	return selection
}

// displacedBy words what the route does not have of the parent.
func (p *parent) displacedBy() string { return strings.Join(p.displaced, "; ") }

func (t *translation) routeStatus(r *route) gwv1.RouteStatus {
	status := gwv1.RouteStatus{Parents: make([]gwv1.RouteParentStatus, 0, len(r.parents))}
	for _, p := range r.parents {
		conditions := conditions{generation: r.object.GetGeneration()}
		problem := p.problem
		if problem == nil {
			problem = r.rejected
		}
		attached := "the route is attached"
		if len(p.displaced) > 0 {
			attached += ", but not everywhere: " + p.displacedBy()
		}
		conditions.hold(string(gwv1.RouteConditionAccepted), string(gwv1.RouteReasonAccepted), attached, problem)
		conditions.hold(string(gwv1.RouteConditionResolvedRefs), string(gwv1.RouteReasonResolvedRefs),
			"all references are resolved", r.unresolved.summary())
		if problem == nil && r.partly != nil {
			conditions.add(string(gwv1.RouteConditionPartiallyInvalid), metav1.ConditionTrue, r.partly.reason, r.partly.message)
		}
		status.Parents = append(status.Parents, gwv1.RouteParentStatus{
			ParentRef:      *p.ref.DeepCopy(),
			ControllerName: gwv1.GatewayController(t.options.ControllerName),
			Conditions:     conditions.list,
		})
	}
	return status
}
