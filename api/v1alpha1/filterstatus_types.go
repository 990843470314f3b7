// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FilterStatus is the status of the filters of this API.
type FilterStatus struct {
	// conditions of the filter. Accepted says whether it can be used.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// The conditions of filters, and their reasons.
const (
	// FilterConditionAccepted is True if the filter is valid, and False if routes
	// that name it fail closed, with a message that says what to mend.
	FilterConditionAccepted = "Accepted"

	// FilterReasonAccepted goes with Accepted=True.
	FilterReasonAccepted = "Accepted"
	// FilterReasonInvalid goes with Accepted=False.
	FilterReasonInvalid = "Invalid"
)
