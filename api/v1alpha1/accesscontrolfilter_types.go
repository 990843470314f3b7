// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AccessControlFilterSpec says which clients are let in. A client is known by the
// address that spec.proxy.clientAddress of the Gateway's parameters yields.
//
// +kubebuilder:validation:XValidation:rule="has(self.allow) || has(self.deny)",message="at least one of allow and deny must be set"
type AccessControlFilterSpec struct {
	// allow lets in only these clients. From 1 to 1024 addresses or ranges.
	// Default: everybody who is not denied.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +listType=atomic
	// +optional
	Allow []AddressOrCIDR `json:"allow,omitempty"`

	// deny keeps out these clients, also if allow names them. From 1 to 1024
	// addresses or ranges. Default: nobody.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +listType=atomic
	// +optional
	Deny []AddressOrCIDR `json:"deny,omitempty"`
}

// AddressOrCIDR is an IPv4 or IPv6 address or a range of them: "192.0.2.7",
// "2001:db8::/32".
//
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address or a range such as 10.0.0.0/8 or 2001:db8::/32"
type AddressOrCIDR string

// AccessControlFilter answers 403 to clients that are not let in. An HTTPRoute of
// the same namespace names it in a filter of type ExtensionRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=acf,categories={gateway-api,kubera}
// +kubebuilder:printcolumn:name="Accepted",type=string,JSONPath=`.status.conditions[?(@.type=="Accepted")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type AccessControlFilter struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says which clients are let in.
	// +required
	Spec AccessControlFilterSpec `json:"spec"`

	// status is what the controller found.
	// +optional
	Status FilterStatus `json:"status,omitzero"`
}

// AccessControlFilterList is a list of AccessControlFilter.
//
// +kubebuilder:object:root=true
type AccessControlFilterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []AccessControlFilter `json:"items"`
}
