// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// TestMergeGateway is GatewayPreserveForeignConditions, and a listener that is gone.
func TestMergeGateway(t *testing.T) {
	var never metav1.Time
	stale := condition("conformance.gateway.networking.k8s.io/StaleCondition", "True", 1, before)
	existing := gwv1.GatewayStatus{
		Addresses:  []gwv1.GatewayStatusAddress{{Value: "192.0.2.1"}},
		Conditions: []metav1.Condition{stale, condition("Accepted", "True", 1, before)},
		Listeners: []gwv1.ListenerStatus{
			{Name: "gone", Conditions: []metav1.Condition{stale}},
			{Name: "http", AttachedRoutes: 7, Conditions: []metav1.Condition{stale, condition("OverlappingTLSConfig", "True", 1, before)}},
		},
	}
	ours := gwv1.GatewayStatus{
		Addresses:  []gwv1.GatewayStatusAddress{{Value: "192.0.2.2"}},
		Conditions: []metav1.Condition{condition("Accepted", "True", 2, never)},
		Listeners: []gwv1.ListenerStatus{
			{Name: "http", AttachedRoutes: 1, Conditions: []metav1.Condition{condition("Accepted", "True", 2, never)}},
			{Name: "new", Conditions: []metav1.Condition{condition("Accepted", "False", 2, never)}},
		},
	}
	want := gwv1.GatewayStatus{
		Addresses:  []gwv1.GatewayStatusAddress{{Value: "192.0.2.2"}},
		Conditions: []metav1.Condition{stale, condition("Accepted", "True", 2, before)},
		Listeners: []gwv1.ListenerStatus{
			{Name: "http", AttachedRoutes: 1, Conditions: []metav1.Condition{stale, condition("Accepted", "True", 2, now)}},
			{Name: "new", Conditions: []metav1.Condition{condition("Accepted", "False", 2, now)}},
		},
	}
	copies := []*gwv1.GatewayStatus{existing.DeepCopy(), ours.DeepCopy()}
	if diff := cmp.Diff(want, MergeGateway(existing, ours, now)); diff != "" {
		t.Errorf("MergeGateway() differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(copies, []*gwv1.GatewayStatus{&existing, &ours}); diff != "" {
		t.Errorf("MergeGateway() modified its arguments:\n%s", diff)
	}
}

func TestMergeGatewayClass(t *testing.T) {
	existing := gwv1.GatewayClassStatus{
		Conditions:        []metav1.Condition{condition("Accepted", "Unknown", 0, before), condition("example.com/Foreign", "True", 1, before)},
		SupportedFeatures: []gwv1.SupportedFeature{{Name: "Old"}},
	}
	ours := gwv1.GatewayClassStatus{
		Conditions:        []metav1.Condition{condition("Accepted", "True", 1, metav1.Time{})},
		SupportedFeatures: []gwv1.SupportedFeature{{Name: "Gateway"}},
	}
	want := gwv1.GatewayClassStatus{
		Conditions:        []metav1.Condition{condition("Accepted", "True", 1, now), condition("example.com/Foreign", "True", 1, before)},
		SupportedFeatures: ours.SupportedFeatures,
	}
	if diff := cmp.Diff(want, MergeGatewayClass(existing, ours, now)); diff != "" {
		t.Errorf("MergeGatewayClass() differs (-want +got):\n%s", diff)
	}
}

// TestMergeListenerSet keeps the foreign conditions of listeners that stay.
func TestMergeListenerSet(t *testing.T) {
	foreign := condition("example.com/Foreign", "True", 1, before)
	existing := gwv1.ListenerSetStatus{
		Conditions: []metav1.Condition{foreign, condition("Accepted", "Unknown", 0, before)},
		Listeners: []gwv1.ListenerEntryStatus{
			{Name: "gone", Conditions: []metav1.Condition{foreign}},
			{Name: "http", Conditions: []metav1.Condition{foreign, condition("Conflicted", "True", 1, before)}},
		},
	}
	ours := gwv1.ListenerSetStatus{
		Conditions: []metav1.Condition{condition("Accepted", "True", 2, metav1.Time{})},
		Listeners: []gwv1.ListenerEntryStatus{
			{Name: "http", Conditions: []metav1.Condition{condition("Accepted", "True", 2, metav1.Time{})}},
		},
	}
	want := gwv1.ListenerSetStatus{
		Conditions: []metav1.Condition{foreign, condition("Accepted", "True", 2, now)},
		Listeners: []gwv1.ListenerEntryStatus{
			{Name: "http", Conditions: []metav1.Condition{foreign, condition("Accepted", "True", 2, now)}},
		},
	}
	if diff := cmp.Diff(want, MergeListenerSet(existing, ours, now)); diff != "" {
		t.Errorf("MergeListenerSet() differs (-want +got):\n%s", diff)
	}
}

func TestMergeListenerSetAndFilter(t *testing.T) {
	accepted := []metav1.Condition{condition("Accepted", "False", 1, metav1.Time{})}
	want := []metav1.Condition{condition("Accepted", "False", 1, now)}
	if diff := cmp.Diff(want, MergeListenerSet(gwv1.ListenerSetStatus{}, gwv1.ListenerSetStatus{Conditions: accepted}, now).Conditions); diff != "" {
		t.Errorf("MergeListenerSet() differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, MergeFilter(v1alpha1.FilterStatus{}, v1alpha1.FilterStatus{Conditions: accepted}, now).Conditions); diff != "" {
		t.Errorf("MergeFilter() differs (-want +got):\n%s", diff)
	}
}

func TestEqual(t *testing.T) {
	if !Equal(gwv1.RouteStatus{}, gwv1.RouteStatus{Parents: []gwv1.RouteParentStatus{}}) {
		t.Error("nil and empty lists differ")
	}
	if Equal(gwv1.RouteStatus{}, route(parent(mine, "a"))) {
		t.Error("a list with an entry equals one without")
	}
}
