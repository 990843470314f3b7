// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"
)

func TestOnlyVersion(t *testing.T) {
	crd := crdMetadata()
	crd.ObjectMeta = metav1.ObjectMeta{
		Name: "gateways.gateway.networking.k8s.io", UID: "1", ResourceVersion: "2",
		Labels: map[string]string{"a": "b"},
		Annotations: map[string]string{
			consts.BundleVersionAnnotation: "v1.6.3", "kubectl.kubernetes.io/last-applied-configuration": "{...}",
		},
	}
	want := crdMetadata()
	want.ObjectMeta = metav1.ObjectMeta{
		Name: crd.Name, UID: "1", ResourceVersion: "2",
		Annotations: map[string]string{consts.BundleVersionAnnotation: "v1.6.3"},
	}
	got, err := onlyVersion(crd)
	if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
		t.Errorf("error %v, metadata differs (-want +got):\n%s", err, diff)
	}
	if other, err := onlyVersion("tombstone"); other != "tombstone" || err != nil {
		t.Errorf("what is no metadata became %v, %v", other, err)
	}
}
