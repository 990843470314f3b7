// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GatewayParametersSpec says how the proxies of a Gateway are deployed, exposed
// and set up. Every field is optional.
//
// A GatewayClass names GatewayClassParameters by spec.parametersRef and a Gateway
// names GatewayParameters by spec.infrastructure.parametersRef. Where both set a
// field, the Gateway's wins. Structures of this API merge field by field; lists,
// maps and Kubernetes types (resources, affinity, ...) are taken whole. Of fields
// that exclude each other the Gateway's choice drops the class's.
type GatewayParametersSpec struct {
	// deployment describes the Deployment of the proxies.
	// +optional
	Deployment *DeploymentParameters `json:"deployment,omitempty"`

	// service describes the Service in front of the proxies.
	// +optional
	Service *ServiceParameters `json:"service,omitempty"`

	// networkPolicy describes the NetworkPolicy of the proxies.
	// +optional
	NetworkPolicy *NetworkPolicyParameters `json:"networkPolicy,omitempty"`

	// proxy describes what the proxies do with every request.
	// +optional
	Proxy *ProxyParameters `json:"proxy,omitempty"`
}

// NetworkPolicyParameters describe the NetworkPolicy of the proxies. It lets everybody
// in at the ports of listeners, the controller at the control port, and namespaces
// labelled "metrics: enabled" at the status port, and does not limit where the proxies
// go. Other NetworkPolicies add to what it lets in.
type NetworkPolicyParameters struct {
	// enabled makes the NetworkPolicy, unless the controller was started with
	// --network-policies=false. Default: true.
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
}

// GatewayClassParameters are the parameters of all Gateways of the GatewayClasses
// that name it in spec.parametersRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,path=gatewayclassparameters,singular=gatewayclassparameters,shortName=gwcp,categories={gateway-api,kubera}
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.spec.deployment.replicas`
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.service.type`
// +kubebuilder:printcolumn:name="Image",type=string,priority=1,JSONPath=`.spec.deployment.image`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type GatewayClassParameters struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is wished for.
	// +required
	Spec GatewayParametersSpec `json:"spec"`
}

// GatewayClassParametersList is a list of GatewayClassParameters.
//
// +kubebuilder:object:root=true
type GatewayClassParametersList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []GatewayClassParameters `json:"items"`
}

// GatewayParameters are the parameters of the Gateways of the same namespace that
// name it in spec.infrastructure.parametersRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=gatewayparameters,singular=gatewayparameters,shortName=gwp,categories={gateway-api,kubera}
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.spec.deployment.replicas`
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.service.type`
// +kubebuilder:printcolumn:name="Image",type=string,priority=1,JSONPath=`.spec.deployment.image`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type GatewayParameters struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what is wished for.
	// +required
	Spec GatewayParametersSpec `json:"spec"`
}

// GatewayParametersList is a list of GatewayParameters.
//
// +kubebuilder:object:root=true
type GatewayParametersList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []GatewayParameters `json:"items"`
}
