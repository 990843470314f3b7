// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
)

// NewScheme returns the types that the operator works with.
func NewScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(gwv1.Install(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	// +kubebuilder:scaffold:scheme
	return scheme
}

// CacheOptions keep in memory what the operator looks at and no more: of kinds
// that it only makes, its own; of Secrets, those that can be certificates; of
// ConfigMaps, the CA certificates in them; of CRDs, their versions.
func CacheOptions() cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(infra.ManagedBy())}
	return cache.Options{
		// Nobody modifies what is read; see package snapshot.
		DefaultUnsafeDisableDeepCopy: new(true),
		DefaultTransform:             cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			crdMetadata():                            {Transform: onlyVersion},
			&corev1.ConfigMap{}:                      {Transform: onlyCACertificates},
			&corev1.Pod{}:                            ours,
			&corev1.ServiceAccount{}:                 ours,
			&appsv1.Deployment{}:                     ours,
			&policyv1.PodDisruptionBudget{}:          ours,
			&autoscalingv2.HorizontalPodAutoscaler{}: ours,
			&networkingv1.NetworkPolicy{}:            ours,
			&corev1.Secret{}: {Field: fields.AndSelectors(
				fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
				fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
				fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockerConfigJson)),
			)},
		},
	}
}

// onlyCACertificates leaves of a ConfigMap what can be CA certificates: a cluster's
// ConfigMaps hold whole files that nobody here looks at.
func onlyCACertificates(object any) (any, error) {
	configMap, ok := object.(*corev1.ConfigMap)
	if !ok {
		return object, nil
	}
	kept := &corev1.ConfigMap{}
	kept.Namespace, kept.Name, kept.UID, kept.ResourceVersion = configMap.Namespace, configMap.Name, configMap.UID, configMap.ResourceVersion
	if certificates, ok := configMap.Data[gatewayapi.CAKey]; ok {
		kept.Data = map[string]string{gatewayapi.CAKey: certificates}
	}
	return kept, nil
}
