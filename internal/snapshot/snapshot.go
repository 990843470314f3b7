// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package snapshot holds the objects that one translation looks at, as plain
// values. It is the border behind which nothing reads: whoever fills a Snapshot
// (from a cluster's cache, from files) has done all the reading, and what comes
// after works on what is here.
//
// The objects are shared with whoever made them and must not be modified.
package snapshot

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// Snapshot is a set of objects. The zero value is empty. The order within the
// lists has no meaning.
type Snapshot struct {
	GatewayClasses     []*gwv1.GatewayClass
	Gateways           []*gwv1.Gateway
	ListenerSets       []*gwv1.ListenerSet
	HTTPRoutes         []*gwv1.HTTPRoute
	GRPCRoutes         []*gwv1.GRPCRoute
	TLSRoutes          []*gwv1.TLSRoute
	TCPRoutes          []*gwv1.TCPRoute
	UDPRoutes          []*gwv1.UDPRoute
	ReferenceGrants    []*gwv1.ReferenceGrant
	BackendTLSPolicies []*gwv1.BackendTLSPolicy

	Namespaces     []*corev1.Namespace
	Services       []*corev1.Service
	EndpointSlices []*discoveryv1.EndpointSlice
	Secrets        []*corev1.Secret
	ConfigMaps     []*corev1.ConfigMap

	// CRDs of the cluster, of which only those of the Gateway API matter.
	CRDs []*metav1.PartialObjectMetadata

	GatewayClassParameters []*v1alpha1.GatewayClassParameters
	GatewayParameters      []*v1alpha1.GatewayParameters
	StaticResponseFilters  []*v1alpha1.StaticResponseFilter
	AccessControlFilters   []*v1alpha1.AccessControlFilter
}
