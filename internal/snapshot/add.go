// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// Add puts an object into the list of its kind. It reports false, and does
// nothing, for one of a kind that no list is for.
func (s *Snapshot) Add(object metav1.Object) bool { //nolint:cyclop // a case for each kind, and no more
	switch o := object.(type) {
	case *gwv1.GatewayClass:
		s.GatewayClasses = append(s.GatewayClasses, o)
	case *gwv1.Gateway:
		s.Gateways = append(s.Gateways, o)
	case *gwv1.ListenerSet:
		s.ListenerSets = append(s.ListenerSets, o)
	case *gwv1.HTTPRoute:
		s.HTTPRoutes = append(s.HTTPRoutes, o)
	case *gwv1.GRPCRoute:
		s.GRPCRoutes = append(s.GRPCRoutes, o)
	case *gwv1.TLSRoute:
		s.TLSRoutes = append(s.TLSRoutes, o)
	case *gwv1.TCPRoute:
		s.TCPRoutes = append(s.TCPRoutes, o)
	case *gwv1.UDPRoute:
		s.UDPRoutes = append(s.UDPRoutes, o)
	case *gwv1.ReferenceGrant:
		s.ReferenceGrants = append(s.ReferenceGrants, o)
	case *gwv1.BackendTLSPolicy:
		s.BackendTLSPolicies = append(s.BackendTLSPolicies, o)
	case *corev1.Namespace:
		s.Namespaces = append(s.Namespaces, o)
	case *corev1.Service:
		s.Services = append(s.Services, o)
	case *discoveryv1.EndpointSlice:
		s.EndpointSlices = append(s.EndpointSlices, o)
	case *corev1.Secret:
		s.Secrets = append(s.Secrets, o)
	case *corev1.ConfigMap:
		s.ConfigMaps = append(s.ConfigMaps, o)
	case *v1alpha1.GatewayClassParameters:
		s.GatewayClassParameters = append(s.GatewayClassParameters, o)
	case *v1alpha1.GatewayParameters:
		s.GatewayParameters = append(s.GatewayParameters, o)
	case *v1alpha1.StaticResponseFilter:
		s.StaticResponseFilters = append(s.StaticResponseFilters, o)
	case *v1alpha1.AccessControlFilter:
		s.AccessControlFilters = append(s.AccessControlFilters, o)
	default:
		return false
	}
	return true
}
