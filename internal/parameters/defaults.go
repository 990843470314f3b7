// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"cmp"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// What holds where parameters say nothing.
const (
	DefaultReplicas             = 1
	DefaultTargetCPUUtilization = 75 // percent
	DefaultDrainDelay           = 10 * time.Second
	DefaultDrainTimeout         = 30 * time.Second
)

// Defaults fills in what merged parameters leave open of the deployment, the service
// and the network policy; of the result, Deployment, Deployment.Drain, Service and
// NetworkPolicy, with Enabled, are not nil.
// The defaults of Proxy are those of the proxy and are left to it; those of the
// image and the placement depend on more than parameters and are left to infra.
func Defaults(spec v1alpha1.GatewayParametersSpec) v1alpha1.GatewayParametersSpec {
	spec = *spec.DeepCopy()
	spec.Deployment = cmp.Or(spec.Deployment, &v1alpha1.DeploymentParameters{})
	spec.Service = cmp.Or(spec.Service, &v1alpha1.ServiceParameters{})

	spec.NetworkPolicy = cmp.Or(spec.NetworkPolicy, &v1alpha1.NetworkPolicyParameters{})
	spec.NetworkPolicy.Enabled = cmp.Or(spec.NetworkPolicy.Enabled, new(true))

	spec.Service.Type = cmp.Or(spec.Service.Type, corev1.ServiceTypeLoadBalancer)

	d := spec.Deployment
	if d.Autoscaling == nil {
		d.Replicas = cmp.Or(d.Replicas, new(int32(DefaultReplicas)))
	} else {
		defaultAutoscaling(d.Autoscaling)
	}
	d.Strategy = cmp.Or(d.Strategy, &appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxUnavailable: new(intstr.FromInt32(0)),
			MaxSurge:       new(intstr.FromString("25%")),
		},
	})
	d.Resources = cmp.Or(d.Resources, &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("50m"),
			corev1.ResourceMemory: resource.MustParse("128Mi"),
		},
	})
	d.PodDisruptionBudget = cmp.Or(d.PodDisruptionBudget, &v1alpha1.PodDisruptionBudget{
		MaxUnavailable: new(intstr.FromInt32(1)),
	})
	d.Drain = cmp.Or(d.Drain, &v1alpha1.Drain{})
	d.Drain.Delay = cmp.Or(d.Drain.Delay, new(gwv1.Duration(DefaultDrainDelay.String())))
	d.Drain.Timeout = cmp.Or(d.Drain.Timeout, new(gwv1.Duration(DefaultDrainTimeout.String())))
	return spec
}

func defaultAutoscaling(a *v1alpha1.Autoscaling) {
	a.MinReplicas = cmp.Or(a.MinReplicas, new(int32(1)))
	if a.Metrics == nil {
		a.TargetCPUUtilizationPercentage = cmp.Or(
			a.TargetCPUUtilizationPercentage, new(int32(DefaultTargetCPUUtilization)))
	}
}
