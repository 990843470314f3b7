// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// ServiceParameters describe the Service in front of the proxies.
//
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerAddressesAnnotation) || !has(self.type) || self.type == 'LoadBalancer'",message="loadBalancerAddressesAnnotation needs type LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerClass) || !has(self.type) || self.type == 'LoadBalancer'",message="loadBalancerClass needs type LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerSourceRanges) || !has(self.type) || self.type == 'LoadBalancer'",message="loadBalancerSourceRanges needs type LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.externalTrafficPolicy) || !has(self.type) || self.type != 'ClusterIP'",message="externalTrafficPolicy needs type LoadBalancer or NodePort"
// +kubebuilder:validation:XValidation:rule="!has(self.nodePorts) || !has(self.type) || self.type != 'ClusterIP'",message="nodePorts needs type LoadBalancer or NodePort"
// +kubebuilder:validation:XValidation:rule="!has(self.ipFamilies) || size(self.ipFamilies) < 2 || !has(self.ipFamilyPolicy) || self.ipFamilyPolicy != 'SingleStack'",message="two ipFamilies need ipFamilyPolicy PreferDualStack or RequireDualStack"
type ServiceParameters struct {
	// type is LoadBalancer, NodePort or ClusterIP. Default: LoadBalancer.
	// +kubebuilder:validation:Enum=LoadBalancer;NodePort;ClusterIP
	// +optional
	Type corev1.ServiceType `json:"type,omitempty"`

	// annotations are added to the Service. They win over
	// spec.infrastructure.annotations of the Gateway.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`

	// loadBalancerClass chooses who makes the load balancer. Only for type
	// LoadBalancer; Kubernetes doesn't let it change once the Service exists.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	// +optional
	LoadBalancerClass string `json:"loadBalancerClass,omitempty"`

	// loadBalancerAddressesAnnotation is the annotation of the Service by which the
	// load balancer is asked for the IP addresses in spec.addresses of a Gateway,
	// separated by commas, such as metallb.io/loadBalancerIPs. Only for type
	// LoadBalancer. Default: spec.loadBalancerIP of the Service, which asks for the
	// first of them only.
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	// +optional
	LoadBalancerAddressesAnnotation string `json:"loadBalancerAddressesAnnotation,omitempty"`

	// externalTrafficPolicy is Cluster, or Local, which keeps the address of the
	// client. Only for types LoadBalancer and NodePort. Default: that of Kubernetes,
	// Cluster.
	// +kubebuilder:validation:Enum=Cluster;Local
	// +optional
	ExternalTrafficPolicy corev1.ServiceExternalTrafficPolicy `json:"externalTrafficPolicy,omitempty"`

	// loadBalancerSourceRanges are the CIDRs from which the load balancer takes
	// traffic. Only for type LoadBalancer. At most 64. Default: everywhere.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	LoadBalancerSourceRanges []CIDR `json:"loadBalancerSourceRanges,omitempty"`

	// nodePorts fixes the node ports of listener ports. Ports that the Gateway does
	// not listen on are passed over, so that a class can name those of all its
	// Gateways. Only for types LoadBalancer and NodePort. At most 64.
	// Default: Kubernetes chooses.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.nodePort == b.nodePort))",message="each nodePort may be given to one port only"
	// +listType=map
	// +listMapKey=port
	// +optional
	NodePorts []NodePort `json:"nodePorts,omitempty"`

	// ipFamilies of the Service, the first being the main one: IPv4, IPv6 or both.
	// Default: that of the cluster.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=IPv4;IPv6
	// +kubebuilder:validation:XValidation:rule="size(self) < 2 || self[0] != self[1]",message="ipFamilies must differ"
	// +listType=atomic
	// +optional
	IPFamilies []corev1.IPFamily `json:"ipFamilies,omitempty"`

	// ipFamilyPolicy is SingleStack, PreferDualStack or RequireDualStack.
	// Default: that of Kubernetes, SingleStack, or RequireDualStack with two
	// ipFamilies.
	// +kubebuilder:validation:Enum=SingleStack;PreferDualStack;RequireDualStack
	// +optional
	IPFamilyPolicy corev1.IPFamilyPolicy `json:"ipFamilyPolicy,omitempty"`
}

// NodePort fixes the node port of a port of the Service.
type NodePort struct {
	// port is the port of a listener, from 1 to 65535.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port"`

	// nodePort is the port that every node opens for it, from 1 to 65535 and within
	// the range of the cluster.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	NodePort int32 `json:"nodePort"`
}

// CIDR is a range of IPv4 or IPv6 addresses, "10.0.0.0/8".
//
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a range of addresses such as 10.0.0.0/8 or 2001:db8::/32"
type CIDR string
