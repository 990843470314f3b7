// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// StaticResponseFilterSpec is the response.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.text) && has(self.binary))",message="text and binary exclude each other: remove one of them"
// +kubebuilder:validation:XValidation:rule="!(self.status in [204, 205, 304]) || !(has(self.text) || has(self.binary))",message="a response with status 204, 205 or 304 has no body: remove text or binary, or change the status"
type StaticResponseFilterSpec struct {
	// status of the response, from 200 to 599. Default: 200.
	// +kubebuilder:validation:Minimum=200
	// +kubebuilder:validation:Maximum=599
	// +kubebuilder:default=200
	// +optional
	Status int32 `json:"status,omitempty"`

	// contentType is the Content-Type header, at most 256 characters.
	// Default: "text/plain; charset=utf-8" with text, "application/octet-stream"
	// with binary, none without a body.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[!-~]([ -~]*[!-~])?$`
	// +optional
	ContentType string `json:"contentType,omitempty"`

	// text is the body, at most 262144 characters. Excludes binary.
	// +kubebuilder:validation:MaxLength=262144
	// +optional
	Text *string `json:"text,omitempty"`

	// binary is the body in base64, at most 262144 characters of it (192 KiB of
	// body). Excludes text.
	// +kubebuilder:validation:MaxLength=262144
	// +optional
	Binary []byte `json:"binary,omitempty"`
}

// StaticResponseFilter answers a request without a backend. An HTTPRoute of the
// same namespace names it in a filter of type ExtensionRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=srf,categories={gateway-api,kubera}
// +kubebuilder:printcolumn:name="Status",type=integer,JSONPath=`.spec.status`
// +kubebuilder:printcolumn:name="Content-Type",type=string,JSONPath=`.spec.contentType`
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type StaticResponseFilter struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the response.
	// +required
	Spec StaticResponseFilterSpec `json:"spec"`

	// status is what the controller found.
	// +optional
	Status FilterStatus `json:"status,omitzero"`
}

// StaticResponseFilterList is a list of StaticResponseFilter.
//
// +kubebuilder:object:root=true
type StaticResponseFilterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []StaticResponseFilter `json:"items"`
}
