// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Scope says which entries in a list of parents or ancestors are ours to change.
type Scope struct {
	// ControllerName of our entries. Those with another one are never touched.
	ControllerName gwv1.GatewayController
	// Stale says whether one of our entries that the translation did not give may
	// be removed. A translation that saw only some of our Gateways must not remove
	// the entries of the others. nil: all may.
	Stale func(gwv1.ParentReference) bool
	// Now is the time of transitions.
	Now metav1.Time
}

var (
	routeConditions = []string{
		string(gwv1.RouteConditionAccepted),
		string(gwv1.RouteConditionResolvedRefs),
		string(gwv1.RouteConditionPartiallyInvalid),
	}
	policyConditions = []string{
		string(gwv1.PolicyConditionAccepted),
		string(gwv1.BackendTLSPolicyConditionResolvedRefs),
	}
)

// The API's bounds of the lists.
const (
	maxParents   = 32
	maxAncestors = 16
)

// MergeRoute merges the parents of a route. A list that is full of foreign
// entries takes no more of ours.
func MergeRoute(existing, ours gwv1.RouteStatus, scope Scope) gwv1.RouteStatus {
	return gwv1.RouteStatus{Parents: mergeEntries(existing.Parents, ours.Parents, entryKind[gwv1.RouteParentStatus]{
		scope: scope,
		owned: routeConditions,
		limit: maxParents,
		read: func(e *gwv1.RouteParentStatus) entry {
			return entry{&e.ParentRef, &e.ControllerName, &e.Conditions}
		},
		clone: (*gwv1.RouteParentStatus).DeepCopy,
	})}
}

// MergePolicy merges the ancestors of a policy.
func MergePolicy(existing, ours gwv1.PolicyStatus, scope Scope) gwv1.PolicyStatus {
	return gwv1.PolicyStatus{Ancestors: mergeEntries(existing.Ancestors, ours.Ancestors, entryKind[gwv1.PolicyAncestorStatus]{
		scope: scope,
		owned: policyConditions,
		limit: maxAncestors,
		read: func(e *gwv1.PolicyAncestorStatus) entry {
			return entry{&e.AncestorRef, &e.ControllerName, &e.Conditions}
		},
		clone: (*gwv1.PolicyAncestorStatus).DeepCopy,
	})}
}

// entry is what parents and ancestors have in common.
type entry struct {
	ref        *gwv1.ParentReference
	controller *gwv1.GatewayController
	conditions *[]metav1.Condition
}

// entryKind says how entries of type T are handled.
type entryKind[T any] struct {
	scope Scope
	owned []string
	limit int
	read  func(*T) entry
	clone func(*T) *T
}

// mergeEntries keeps foreign entries, updates ours in their places, removes stale
// ones, and adds new ones at the end.
func mergeEntries[T any](existing, ours []T, k entryKind[T]) []T {
	merged := make([]T, 0, len(existing)+len(ours))
	used := make([]bool, len(ours))
	for i := range existing {
		old := k.clone(&existing[i])
		e := k.read(old)
		if *e.controller != k.scope.ControllerName {
			merged = append(merged, *old)
			continue
		}
		j := slices.IndexFunc(ours, func(o T) bool { return sameRef(e.ref, k.read(&o).ref) })
		switch {
		case j >= 0 && used[j]:
			// A second entry for one reference is a mistake, even of ours.
		case j >= 0:
			used[j] = true
			merged = append(merged, k.update(*e.conditions, ours[j]))
		case k.scope.Stale != nil && !k.scope.Stale(*e.ref):
			merged = append(merged, *old)
		}
	}
	for j := range ours {
		if !used[j] && len(merged) < k.limit {
			merged = append(merged, k.update(nil, ours[j]))
		}
	}
	return merged
}

// update gives ours with its conditions merged into those that there were.
func (k entryKind[T]) update(existing []metav1.Condition, ours T) T {
	updated := k.clone(&ours)
	e := k.read(updated)
	*e.conditions = Conditions(existing, *e.conditions, k.owned, k.scope.Now)
	return *updated
}

func sameRef(a, b *gwv1.ParentReference) bool { return equality.Semantic.DeepEqual(a, b) }

// Equal says whether two statuses are the same, so that no write is needed. Lists
// that are nil and lists that are empty are the same.
func Equal[T any](a, b T) bool { return equality.Semantic.DeepEqual(a, b) }
