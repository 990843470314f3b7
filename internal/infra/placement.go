// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// affinity is the user's; else the pods of a Gateway keep apart, if they can.
func (b *builder) affinity() *corev1.Affinity {
	if a := b.params.Deployment.Affinity; a != nil {
		return a
	}
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{
				LabelSelector: b.labelSelector(),
				TopologyKey:   corev1.LabelHostname,
			},
		}},
	}}
}

// topologySpread are the user's constraints, about the pods of the Gateway unless
// they say otherwise; else one that prefers an even spread over zones.
func (b *builder) topologySpread() []corev1.TopologySpreadConstraint {
	constraints := slices.Clone(b.params.Deployment.TopologySpreadConstraints)
	if constraints == nil {
		constraints = []corev1.TopologySpreadConstraint{{
			MaxSkew:           1,
			TopologyKey:       corev1.LabelTopologyZone,
			WhenUnsatisfiable: corev1.ScheduleAnyway,
		}}
	}
	for i := range constraints {
		if constraints[i].LabelSelector == nil {
			constraints[i].LabelSelector = b.labelSelector()
		}
	}
	return constraints
}

func (b *builder) labelSelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: b.selector()}
}
