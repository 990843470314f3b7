// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

func (b *builder) podDisruptionBudget() *policyv1.PodDisruptionBudget {
	budget := b.params.Deployment.PodDisruptionBudget
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   typeMeta(policyv1.SchemeGroupVersion, "PodDisruptionBudget"),
		ObjectMeta: b.objectMeta(nil),
		Spec: policyv1.PodDisruptionBudgetSpec{
			Selector:       b.labelSelector(),
			MinAvailable:   budget.MinAvailable,
			MaxUnavailable: budget.MaxUnavailable,
			// A pod that serves nobody must not keep a node from being drained.
			UnhealthyPodEvictionPolicy: new(policyv1.AlwaysAllow),
		},
	}
}

func (b *builder) autoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	a := b.params.Deployment.Autoscaling
	metrics := a.Metrics
	if a.TargetCPUUtilizationPercentage != nil {
		metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{
					Type:               autoscalingv2.UtilizationMetricType,
					AverageUtilization: a.TargetCPUUtilizationPercentage,
				},
			},
		}}
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   typeMeta(autoscalingv2.SchemeGroupVersion, "HorizontalPodAutoscaler"),
		ObjectMeta: b.objectMeta(nil),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment", Name: b.name,
			},
			MinReplicas: a.MinReplicas,
			MaxReplicas: a.MaxReplicas,
			Metrics:     metrics,
			Behavior:    a.Behavior,
		},
	}
}
