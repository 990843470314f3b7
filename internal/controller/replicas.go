// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// heldReplicas gives the number of replicas of a Deployment that has one because
// we applied it and nobody has set it since. The field would go back to its
// default, 1, if we let go of it: before an autoscaler has taken it over, that
// ends pods that are needed.
func heldReplicas(d *appsv1.Deployment) *int32 {
	held := false
	for _, entry := range d.ManagedFields {
		if !setsReplicas(entry.FieldsV1) {
			continue
		}
		if entry.Manager != fieldManager || entry.Operation != metav1.ManagedFieldsOperationApply {
			return nil
		}
		held = true
	}
	if !held {
		return nil
	}
	return d.Spec.Replicas
}

// setsReplicas says whether spec.replicas is among the fields.
func setsReplicas(fields *metav1.FieldsV1) bool {
	if fields == nil {
		return false
	}
	var root struct {
		Spec map[string]json.RawMessage `json:"f:spec"`
	}
	if err := json.Unmarshal(fields.GetRawBytes(), &root); err != nil {
		return false
	}
	_, ok := root.Spec["f:replicas"]
	return ok
}
