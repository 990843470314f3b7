// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// Merge joins the parameters of a class with those of a Gateway; either may be
// nil. A field that the Gateway sets wins. Structures of the API group merge field
// by field; lists, maps and Kubernetes types are taken whole, so that an empty
// list or map of the Gateway clears the class's.
//
// Of fields that exclude each other, the Gateway's choice drops the class's: a
// Gateway with replicas does without the autoscaling of its class.
func Merge(class, gateway *v1alpha1.GatewayParametersSpec) v1alpha1.GatewayParametersSpec {
	merged := join(class.DeepCopy(), gateway.DeepCopy(), mergeSpec)
	if merged == nil {
		return v1alpha1.GatewayParametersSpec{}
	}
	return *merged
}

func mergeSpec(class, gateway v1alpha1.GatewayParametersSpec) v1alpha1.GatewayParametersSpec {
	return v1alpha1.GatewayParametersSpec{
		Deployment:    join(class.Deployment, gateway.Deployment, mergeDeployment),
		Service:       join(class.Service, gateway.Service, mergeService),
		NetworkPolicy: join(class.NetworkPolicy, gateway.NetworkPolicy, mergeNetworkPolicy),
		Proxy:         join(class.Proxy, gateway.Proxy, mergeProxy),
	}
}

func mergeNetworkPolicy(class, gateway v1alpha1.NetworkPolicyParameters) v1alpha1.NetworkPolicyParameters {
	return v1alpha1.NetworkPolicyParameters{Enabled: cmp.Or(gateway.Enabled, class.Enabled)}
}

func mergeDeployment(class, gateway v1alpha1.DeploymentParameters) v1alpha1.DeploymentParameters {
	if gateway.Replicas != nil {
		class.Autoscaling = nil
	}
	if gateway.Autoscaling != nil {
		class.Replicas = nil
	}
	return v1alpha1.DeploymentParameters{
		Replicas:                  cmp.Or(gateway.Replicas, class.Replicas),
		Autoscaling:               join(class.Autoscaling, gateway.Autoscaling, mergeAutoscaling),
		Strategy:                  cmp.Or(gateway.Strategy, class.Strategy),
		Image:                     cmp.Or(gateway.Image, class.Image),
		ImagePullPolicy:           cmp.Or(gateway.ImagePullPolicy, class.ImagePullPolicy),
		ImagePullSecrets:          list(gateway.ImagePullSecrets, class.ImagePullSecrets),
		Resources:                 cmp.Or(gateway.Resources, class.Resources),
		NodeSelector:              dict(gateway.NodeSelector, class.NodeSelector),
		Affinity:                  cmp.Or(gateway.Affinity, class.Affinity),
		Tolerations:               list(gateway.Tolerations, class.Tolerations),
		TopologySpreadConstraints: list(gateway.TopologySpreadConstraints, class.TopologySpreadConstraints),
		// Exactly one of its two fields is set, so there is nothing to merge inside.
		PodDisruptionBudget: cmp.Or(gateway.PodDisruptionBudget, class.PodDisruptionBudget),
		PodLabels:           dict(gateway.PodLabels, class.PodLabels),
		PodAnnotations:      dict(gateway.PodAnnotations, class.PodAnnotations),
		Drain:               join(class.Drain, gateway.Drain, mergeDrain),
		Patch:               cmp.Or(gateway.Patch, class.Patch),
	}
}

func mergeAutoscaling(class, gateway v1alpha1.Autoscaling) v1alpha1.Autoscaling {
	if gateway.Metrics != nil {
		class.TargetCPUUtilizationPercentage = nil
	}
	if gateway.TargetCPUUtilizationPercentage != nil {
		class.Metrics = nil
	}
	return v1alpha1.Autoscaling{
		MinReplicas: cmp.Or(gateway.MinReplicas, class.MinReplicas),
		MaxReplicas: cmp.Or(gateway.MaxReplicas, class.MaxReplicas),
		TargetCPUUtilizationPercentage: cmp.Or(
			gateway.TargetCPUUtilizationPercentage, class.TargetCPUUtilizationPercentage),
		Metrics:  list(gateway.Metrics, class.Metrics),
		Behavior: cmp.Or(gateway.Behavior, class.Behavior),
	}
}

func mergeDrain(class, gateway v1alpha1.Drain) v1alpha1.Drain {
	return v1alpha1.Drain{
		Delay:   cmp.Or(gateway.Delay, class.Delay),
		Timeout: cmp.Or(gateway.Timeout, class.Timeout),
	}
}

func mergeService(class, gateway v1alpha1.ServiceParameters) v1alpha1.ServiceParameters {
	class = withoutFieldsOfOtherTypes(class, gateway.Type)
	return v1alpha1.ServiceParameters{
		Type:              cmp.Or(gateway.Type, class.Type),
		Annotations:       dict(gateway.Annotations, class.Annotations),
		LoadBalancerClass: cmp.Or(gateway.LoadBalancerClass, class.LoadBalancerClass),

		LoadBalancerAddressesAnnotation: cmp.Or(gateway.LoadBalancerAddressesAnnotation, class.LoadBalancerAddressesAnnotation),

		ExternalTrafficPolicy:    cmp.Or(gateway.ExternalTrafficPolicy, class.ExternalTrafficPolicy),
		LoadBalancerSourceRanges: list(gateway.LoadBalancerSourceRanges, class.LoadBalancerSourceRanges),
		NodePorts:                list(gateway.NodePorts, class.NodePorts),
		IPFamilies:               list(gateway.IPFamilies, class.IPFamilies),
		IPFamilyPolicy:           cmp.Or(gateway.IPFamilyPolicy, class.IPFamilyPolicy),
	}
}

// withoutFieldsOfOtherTypes drops what a Service of the type, if one is given,
// can't have.
func withoutFieldsOfOtherTypes(s v1alpha1.ServiceParameters, t corev1.ServiceType) v1alpha1.ServiceParameters {
	if t == corev1.ServiceTypeNodePort || t == corev1.ServiceTypeClusterIP {
		s.LoadBalancerClass = ""
		s.LoadBalancerAddressesAnnotation = ""
		s.LoadBalancerSourceRanges = nil
	}
	if t == corev1.ServiceTypeClusterIP {
		s.ExternalTrafficPolicy = ""
		s.NodePorts = nil
	}
	return s
}

func mergeProxy(class, gateway v1alpha1.ProxyParameters) v1alpha1.ProxyParameters {
	return v1alpha1.ProxyParameters{
		LogLevel:       cmp.Or(gateway.LogLevel, class.LogLevel),
		AccessLog:      join(class.AccessLog, gateway.AccessLog, mergeAccessLog),
		Tracing:        join(class.Tracing, gateway.Tracing, mergeTracing),
		ClientAddress:  join(class.ClientAddress, gateway.ClientAddress, mergeClientAddress),
		ErrorResponses: cmp.Or(gateway.ErrorResponses, class.ErrorResponses),
		HTTP3:          cmp.Or(gateway.HTTP3, class.HTTP3),
		Limits:         join(class.Limits, gateway.Limits, mergeLimits),

		SendProxyProtocol: cmp.Or(gateway.SendProxyProtocol, class.SendProxyProtocol),
	}
}

func mergeAccessLog(class, gateway v1alpha1.AccessLog) v1alpha1.AccessLog {
	return v1alpha1.AccessLog{
		Enabled: cmp.Or(gateway.Enabled, class.Enabled),
		Format:  cmp.Or(gateway.Format, class.Format),
		// Exactly one of its two fields is set, so there is nothing to merge inside.
		Sampling: cmp.Or(gateway.Sampling, class.Sampling),
		Errors:   cmp.Or(gateway.Errors, class.Errors),
	}
}

func mergeTracing(class, gateway v1alpha1.Tracing) v1alpha1.Tracing {
	if gateway.Endpoint != "" {
		class.Protocol = "" // it is that of another endpoint
	}
	return v1alpha1.Tracing{
		Enabled:            cmp.Or(gateway.Enabled, class.Enabled),
		Endpoint:           cmp.Or(gateway.Endpoint, class.Endpoint),
		Protocol:           cmp.Or(gateway.Protocol, class.Protocol),
		Sampling:           cmp.Or(gateway.Sampling, class.Sampling),
		ClientTraces:       cmp.Or(gateway.ClientTraces, class.ClientTraces),
		ServiceName:        cmp.Or(gateway.ServiceName, class.ServiceName),
		ResourceAttributes: list(gateway.ResourceAttributes, class.ResourceAttributes),
	}
}

func mergeClientAddress(class, gateway v1alpha1.ClientAddress) v1alpha1.ClientAddress {
	if gateway.Header != "" {
		class.ProxyProtocol = nil
	}
	if isTrue(gateway.ProxyProtocol) {
		class.Header = ""
	}
	return v1alpha1.ClientAddress{
		TrustedProxies: list(gateway.TrustedProxies, class.TrustedProxies),
		Header:         cmp.Or(gateway.Header, class.Header),
		ProxyProtocol:  cmp.Or(gateway.ProxyProtocol, class.ProxyProtocol),
	}
}

func mergeLimits(class, gateway v1alpha1.Limits) v1alpha1.Limits {
	return v1alpha1.Limits{
		MaxRequestHeaderBytes: cmp.Or(gateway.MaxRequestHeaderBytes, class.MaxRequestHeaderBytes),
		MaxRequestBodyBytes:   cmp.Or(gateway.MaxRequestBodyBytes, class.MaxRequestBodyBytes),
		MaxConnections:        cmp.Or(gateway.MaxConnections, class.MaxConnections),
		MaxConcurrentStreams:  cmp.Or(gateway.MaxConcurrentStreams, class.MaxConcurrentStreams),
		RequestHeaderTimeout:  cmp.Or(gateway.RequestHeaderTimeout, class.RequestHeaderTimeout),
		IdleTimeout:           cmp.Or(gateway.IdleTimeout, class.IdleTimeout),
		TCPIdleTimeout:        cmp.Or(gateway.TCPIdleTimeout, class.TCPIdleTimeout),
		UDPIdleTimeout:        cmp.Or(gateway.UDPIdleTimeout, class.UDPIdleTimeout),
		MaxUDPSessions:        cmp.Or(gateway.MaxUDPSessions, class.MaxUDPSessions),
	}
}

// join merges two structures, where both are there.
func join[T any](class, gateway *T, merge func(class, gateway T) T) *T {
	if class == nil {
		return gateway
	}
	if gateway == nil {
		return class
	}
	return new(merge(*class, *gateway))
}

// list gives the first list that is set, be it empty.
func list[T any](gateway, class []T) []T {
	if gateway != nil {
		return gateway
	}
	return class
}

// dict gives the first map that is set, be it empty.
func dict(gateway, class map[string]string) map[string]string {
	if gateway != nil {
		return gateway
	}
	return class
}

func isTrue(b *bool) bool {
	return b != nil && *b
}
