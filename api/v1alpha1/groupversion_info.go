// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the API of group gateway.kubera.dev: what Kubera offers
// beyond the Gateway API.
//
// GatewayClassParameters and GatewayParameters say how the proxies of a Gateway
// are deployed, exposed and set up; StaticResponseFilter and AccessControlFilter
// are filters that an HTTPRoute names by ExtensionRef.
//
// +kubebuilder:object:generate=true
// +groupName=gateway.kubera.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of this package.
const GroupName = "gateway.kubera.dev"

// The kinds of this package, as references name them.
const (
	KindGatewayClassParameters = "GatewayClassParameters"
	KindGatewayParameters      = "GatewayParameters"
	KindStaticResponseFilter   = "StaticResponseFilter"
	KindAccessControlFilter    = "AccessControlFilter"
)

var (
	// GroupVersion is the group and version of this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder collects the functions that add this package to a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds the kinds of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&GatewayClassParameters{}, &GatewayClassParametersList{},
		&GatewayParameters{}, &GatewayParametersList{},
		&StaticResponseFilter{}, &StaticResponseFilterList{},
		&AccessControlFilter{}, &AccessControlFilterList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
