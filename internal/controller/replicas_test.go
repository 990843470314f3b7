// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestHeldReplicas(t *testing.T) {
	entry := func(manager string, operation metav1.ManagedFieldsOperationType, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: manager, Operation: operation, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields),
		}
	}
	const apply, update = metav1.ManagedFieldsOperationApply, metav1.ManagedFieldsOperationUpdate
	const replicas, other = `{"f:spec":{"f:replicas":{},"f:paused":{}}}`, `{"f:spec":{"f:template":{"f:replicas":{}}}}`
	for name, tc := range map[string]struct {
		entries []metav1.ManagedFieldsEntry
		held    bool
	}{
		"nobody":                   {nil, false},
		"us":                       {[]metav1.ManagedFieldsEntry{entry("kubera", apply, "", replicas)}, true},
		"us, others have the rest": {[]metav1.ManagedFieldsEntry{entry("kubera", apply, "", replicas), entry("x", update, "", other)}, true},
		"us no more":               {[]metav1.ManagedFieldsEntry{entry("kubera", apply, "", other)}, false},
		"an autoscaler":            {[]metav1.ManagedFieldsEntry{entry("kube-controller-manager", update, "scale", replicas)}, false},
		"us and an autoscaler":     {[]metav1.ManagedFieldsEntry{entry("kubera", apply, "", replicas), entry("hpa", update, "scale", replicas)}, false},
		"one of our name, by hand": {[]metav1.ManagedFieldsEntry{entry("kubera", update, "", replicas)}, false},
		"what can't be understood": {[]metav1.ManagedFieldsEntry{entry("kubera", apply, "", `{"f:spec":1}`)}, false},
		"an entry without fields":  {[]metav1.ManagedFieldsEntry{{Manager: "kubera", Operation: apply}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{ManagedFields: tc.entries}}
			d.Spec.Replicas = new(int32(3))
			got := heldReplicas(d)
			if (got != nil) != tc.held || got != nil && *got != 3 {
				t.Errorf("got %v, want it held: %v", got, tc.held)
			}
		})
	}
}

// TestReplicasUntilTheAutoscalerHasThem goes from a number to an autoscaler, which
// takes its time.
func TestReplicasUntilTheAutoscalerHasThem(t *testing.T) {
	a, writes := recordingApplier()
	gateway := testGateway("1")
	key := types.NamespacedName{Namespace: "default", Name: "web-kubera"}
	apply := func(replicas *int32) *appsv1.Deployment {
		t.Helper()
		*writes = 0
		d := testDeployment("1")
		d.Spec.Replicas = replicas
		if err := a.apply(t.Context(), gateway, owned(d, gateway)); err != nil {
			t.Fatal(err)
		}
		present := &appsv1.Deployment{}
		if err := a.live.Get(t.Context(), key, present); err != nil {
			t.Fatal(err)
		}
		return present
	}
	apply(new(int32(3)))
	d := apply(nil)
	if d.Spec.Replicas == nil || *d.Spec.Replicas != 3 || heldReplicas(d) == nil {
		t.Fatalf("replicas %v before there is an autoscaler, want 3", d.Spec.Replicas)
	}
	if *writes != 0 {
		t.Errorf("%d writes, though nothing changes", *writes)
	}
	d.Spec.Replicas = new(int32(5))
	if err := a.cached.Update(t.Context(), d, client.FieldOwner("autoscaler")); err != nil {
		t.Fatal(err)
	}
	d = apply(nil)
	if d.Spec.Replicas == nil || *d.Spec.Replicas != 5 || *writes != 1 {
		t.Errorf("replicas %v after %d writes, want the autoscaler's 5 kept, and the field let go of", d.Spec.Replicas, *writes)
	}
	if apply(nil); *writes != 0 {
		t.Errorf("%d writes after that", *writes)
	}
	d = apply(new(int32(2)))
	if *d.Spec.Replicas != 2 {
		t.Errorf("replicas %d after the autoscaler went, want 2", *d.Spec.Replicas)
	}
}
