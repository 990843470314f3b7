// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"
)

const (
	// ClassName of the GatewayClass that need not be defined.
	ClassName = "kubera"
	// ControllerName that a GatewayClass has to be served by Kubera.
	ControllerName = "kubera.dev/gateway-controller"
)

// assume adds what a cluster with Kubera would have and the files leave out.
func (s *Set) assume() {
	namespaces := map[string]bool{}
	for _, object := range s.Objects {
		namespaces[object.Namespace] = true
	}
	delete(namespaces, "")
	for _, name := range slices.Sorted(maps.Keys(namespaces)) {
		key := Key{Kind: "Namespace", Name: name}
		if s.byKey[key] == nil {
			s.add(&Object{Key: key, Value: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
				Name: name, Labels: map[string]string{corev1.LabelMetadataName: name},
			}}})
		}
	}
	s.assumeClass()
	s.assumeCRDs()
}

// assumeCRDs adds one of the CRDs that objects are admitted by (package schema), for
// their version: "This condition MUST be set by a controller when it marks a
// GatewayClass Accepted" (GatewayClassConditionStatusSupportedVersion).
func (s *Set) assumeCRDs() {
	s.Snapshot.CRDs = []*metav1.PartialObjectMetadata{{ObjectMeta: metav1.ObjectMeta{
		Name:        "gatewayclasses." + gwv1.GroupName,
		Annotations: map[string]string{consts.BundleVersionAnnotation: consts.BundleVersion},
	}}}
}

func (s *Set) assumeClass() {
	key := Key{Group: gwv1.GroupName, Kind: "GatewayClass", Name: ClassName}
	named := slices.ContainsFunc(s.Snapshot.Gateways, func(gw *gwv1.Gateway) bool {
		return gw.Spec.GatewayClassName == ClassName
	})
	if s.byKey[key] != nil || !named {
		return
	}
	s.add(&Object{Key: key, Value: &gwv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: ClassName, Generation: 1},
		Spec:       gwv1.GatewayClassSpec{ControllerName: ControllerName},
	}})
}
