// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	mine    = gwv1.GatewayController("kubera.dev/gateway-controller")
	foreign = gwv1.GatewayController("gateway.networking.k8s.io/stale-controller")
)

func parent(controller gwv1.GatewayController, name string, conditions ...metav1.Condition) gwv1.RouteParentStatus {
	return gwv1.RouteParentStatus{
		ParentRef:      gwv1.ParentReference{Name: gwv1.ObjectName(name)},
		ControllerName: controller,
		Conditions:     conditions,
	}
}

func route(parents ...gwv1.RouteParentStatus) gwv1.RouteStatus {
	return gwv1.RouteStatus{Parents: parents}
}

func TestMergeRoute(t *testing.T) {
	var never metav1.Time
	fresh := condition("Accepted", "True", 2, never)
	kept := condition("Accepted", "True", 2, before)
	began := condition("Accepted", "True", 2, now)
	old := condition("Accepted", "True", 1, before)
	theirs := condition("Accepted", "False", 1, before)
	onlyB := func(ref gwv1.ParentReference) bool { return ref.Name == "b" }

	for _, tc := range []struct {
		name                 string
		existing, ours, want gwv1.RouteStatus
		stale                func(gwv1.ParentReference) bool
	}{
		{
			name: "first status",
			ours: route(parent(mine, "a", fresh), parent(mine, "b", fresh)),
			want: route(parent(mine, "a", began), parent(mine, "b", began)),
		},
		{
			name:     "HTTPRoutePreserveForeignStatus: foreign entries stay, in order",
			existing: route(parent(foreign, "a", theirs), parent(mine, "a", old), parent(foreign, "b", theirs)),
			ours:     route(parent(mine, "b", fresh), parent(mine, "a", fresh)),
			want:     route(parent(foreign, "a", theirs), parent(mine, "a", kept), parent(foreign, "b", theirs), parent(mine, "b", began)),
		},
		{
			name:     "our stale entries go",
			existing: route(parent(mine, "a", old), parent(mine, "b", old)),
			ours:     route(parent(mine, "b", fresh)),
			want:     route(parent(mine, "b", kept)),
		},
		{
			name:     "entries out of the scope of the translation stay",
			existing: route(parent(mine, "a", old), parent(mine, "b", old)),
			ours:     route(),
			stale:    onlyB,
			want:     route(parent(mine, "a", old)),
		},
		{
			name:     "a second entry for one reference goes",
			existing: route(parent(mine, "a", old), parent(mine, "a", old)),
			ours:     route(parent(mine, "a", fresh)),
			want:     route(parent(mine, "a", kept)),
		},
		{
			name:     "foreign conditions in our entry stay",
			existing: route(parent(mine, "a", condition("example.com/X", "True", 1, before), condition("PartiallyInvalid", "True", 1, before))),
			ours:     route(parent(mine, "a", fresh)),
			want:     route(parent(mine, "a", condition("example.com/X", "True", 1, before), began)),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			existing, ours := tc.existing.DeepCopy(), tc.ours.DeepCopy()
			got := MergeRoute(*existing, *ours, Scope{ControllerName: mine, Stale: tc.stale, Now: now})
			if diff := cmp.Diff(tc.want, got); diff != "" && !Equal(tc.want, got) {
				t.Errorf("MergeRoute() differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.existing, *existing) + cmp.Diff(tc.ours, *ours); diff != "" {
				t.Errorf("MergeRoute() modified its arguments:\n%s", diff)
			}
		})
	}
}

func TestMergeRouteIsBounded(t *testing.T) {
	var existing gwv1.RouteStatus
	for range maxParents {
		existing.Parents = append(existing.Parents, parent(foreign, "a", condition("Accepted", "True", 1, before)))
	}
	got := MergeRoute(existing, route(parent(mine, "a", condition("Accepted", "True", 1, now))), Scope{ControllerName: mine, Now: now})
	if !Equal(existing, got) {
		t.Errorf("a full list changed: %d entries", len(got.Parents))
	}
}

func ancestor(controller gwv1.GatewayController, name string, at metav1.Time) gwv1.PolicyAncestorStatus {
	return gwv1.PolicyAncestorStatus{
		AncestorRef: gwv1.ParentReference{Name: gwv1.ObjectName(name)}, ControllerName: controller,
		Conditions: []metav1.Condition{condition("Accepted", "False", 1, at)},
	}
}

// TestMergePolicyIsBounded: "If this slice is full, implementations MUST NOT add further
// entries" (PolicyStatus.ancestors). One that is there already is still ours to change.
func TestMergePolicyIsBounded(t *testing.T) {
	var existing gwv1.PolicyStatus
	for range maxAncestors - 1 {
		existing.Ancestors = append(existing.Ancestors, ancestor(foreign, "a", before))
	}
	existing.Ancestors = append(existing.Ancestors, ancestor(mine, "a", before))
	ours := gwv1.PolicyStatus{Ancestors: []gwv1.PolicyAncestorStatus{ancestor(mine, "new", now), ancestor(mine, "a", now)}}
	ours.Ancestors[1].Conditions[0].ObservedGeneration = 2
	want := *existing.DeepCopy()
	want.Ancestors[maxAncestors-1].Conditions[0].ObservedGeneration = 2
	scope := Scope{ControllerName: mine, Now: now}
	if diff := cmp.Diff(want, MergePolicy(existing, ours, scope)); diff != "" {
		t.Errorf("a full list changed (-want +got):\n%s", diff)
	}
}

func TestMergePolicy(t *testing.T) {
	existing := gwv1.PolicyStatus{Ancestors: []gwv1.PolicyAncestorStatus{
		ancestor(foreign, "a", before), ancestor(mine, "gone", before), ancestor(mine, "a", before),
	}}
	ours := gwv1.PolicyStatus{Ancestors: []gwv1.PolicyAncestorStatus{ancestor(mine, "a", metav1.Time{})}}
	want := gwv1.PolicyStatus{Ancestors: []gwv1.PolicyAncestorStatus{ancestor(foreign, "a", before), ancestor(mine, "a", before)}}
	got := MergePolicy(existing, ours, Scope{ControllerName: mine, Now: now})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MergePolicy() differs (-want +got):\n%s", diff)
	}
}
