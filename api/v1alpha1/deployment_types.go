// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// DeploymentParameters describe the Deployment of the proxies.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.replicas) && has(self.autoscaling))",message="replicas and autoscaling exclude each other: remove one of them"
type DeploymentParameters struct {
	// replicas is the number of proxy pods, from 0 to 1000. Excludes autoscaling.
	// Default: 1.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling lets a HorizontalPodAutoscaler choose the number of proxy pods.
	// Excludes replicas. Default: none.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// strategy replaces old pods by new ones. Default: RollingUpdate with
	// maxUnavailable 0 and maxSurge 25%.
	// +optional
	Strategy *appsv1.DeploymentStrategy `json:"strategy,omitempty"`

	// image of the proxy. Default: the one that the controller was started with.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Image string `json:"image,omitempty"`

	// imagePullPolicy is Always, IfNotPresent or Never. Default: Always if the
	// tag of the image is "latest", else IfNotPresent.
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +optional
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// imagePullSecrets are Secrets of the Gateway's namespace. At most 16.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// resources of the proxy container. Default: requests of 50m CPU and 128Mi of
	// memory, no limits. With a limit of memory the proxy collects garbage
	// harder from 90% of it on.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// nodeSelector of the pods.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// affinity of the pods. Default: different nodes are preferred.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// tolerations of the pods. At most 64.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// topologySpreadConstraints of the pods. A constraint without a labelSelector
	// selects the pods of the Gateway. At most 16. Default: even over the zones,
	// as far as that can be had (ScheduleAnyway).
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// podDisruptionBudget bounds how many pods are evicted at a time.
	// Default: maxUnavailable 1.
	// +optional
	PodDisruptionBudget *PodDisruptionBudget `json:"podDisruptionBudget,omitempty"`

	// podLabels are added to the pods. Labels by which Kubera finds its pods stay.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	PodLabels map[string]string `json:"podLabels,omitempty"`

	// podAnnotations are added to the pods.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`

	// drain says how a pod ends. The pod's terminationGracePeriodSeconds follows
	// from it.
	// +optional
	Drain *Drain `json:"drain,omitempty"`

	// patch is a strategic merge patch that is applied to the whole Deployment
	// after everything else, for what has no field here. The proxy container is
	// named "proxy". The patch can't change the name, namespace, owner, selector
	// or the labels of the selector.
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Patch *runtime.RawExtension `json:"patch,omitempty"`
}

// Autoscaling describes a HorizontalPodAutoscaler.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",message="minReplicas is greater than maxReplicas"
// +kubebuilder:validation:XValidation:rule="!(has(self.targetCPUUtilizationPercentage) && has(self.metrics))",message="targetCPUUtilizationPercentage and metrics exclude each other: add CPU to the metrics"
type Autoscaling struct {
	// minReplicas is the least number of pods, from 1 to 1000. Default: 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	MinReplicas *int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the greatest number of pods, from 1 to 1000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +required
	MaxReplicas int32 `json:"maxReplicas"`

	// targetCPUUtilizationPercentage is the CPU use of a pod to aim at, in percent
	// of its request, from 1 to 1000. Excludes metrics. Default: 75, unless there
	// are metrics.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	TargetCPUUtilizationPercentage *int32 `json:"targetCPUUtilizationPercentage,omitempty"`

	// metrics to scale by, as in a HorizontalPodAutoscaler. From 1 to 16.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Metrics []autoscalingv2.MetricSpec `json:"metrics,omitempty"`

	// behavior says how fast to scale, as in a HorizontalPodAutoscaler.
	// +optional
	Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior,omitempty"`
}

// PodDisruptionBudget bounds voluntary disruptions.
//
// +kubebuilder:validation:XValidation:rule="has(self.minAvailable) != has(self.maxUnavailable)",message="exactly one of minAvailable and maxUnavailable must be set"
type PodDisruptionBudget struct {
	// minAvailable is the number or the percentage of pods that stay.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 : self.matches('^[0-9]{1,3}%$')",message="must be a number that is not negative, or a percentage such as 50%"
	// +optional
	MinAvailable *intstr.IntOrString `json:"minAvailable,omitempty"`

	// maxUnavailable is the number or the percentage of pods that may be missing.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 : self.matches('^[0-9]{1,3}%$')",message="must be a number that is not negative, or a percentage such as 50%"
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
}

// Drain says how a proxy pod ends. It first turns not ready and goes on serving
// for the delay, while the load balancers in front learn of it; then it accepts
// nothing new and waits for what is under way, for the timeout at most.
type Drain struct {
	// delay before the listeners close, from 0s to 10m. Default: 10s.
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('10m')",message="delay must be at most 10m"
	// +optional
	Delay *gwv1.Duration `json:"delay,omitempty"`

	// timeout for what is under way when the listeners close, from 0s to 24h.
	// Default: 30s.
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('24h')",message="timeout must be at most 24h"
	// +optional
	Timeout *gwv1.Duration `json:"timeout,omitempty"`
}
