// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestOnlyCACertificates(t *testing.T) {
	meta := metav1.ObjectMeta{Namespace: "a", Name: "ca", UID: "1", ResourceVersion: "2"}
	full := &corev1.ConfigMap{
		ObjectMeta: *meta.DeepCopy(),
		Data:       map[string]string{"ca.crt": "PEM", "nginx.conf": "..."},
		BinaryData: map[string][]byte{"logo": {1}},
	}
	full.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{...}"}
	for name, tc := range map[string]struct{ in, want any }{
		"certificates": {full, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"ca.crt": "PEM"}}},
		"none":         {&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"x": "y"}}, &corev1.ConfigMap{ObjectMeta: meta}},
		"tombstone":    {"tombstone", "tombstone"},
	} {
		got, err := onlyCACertificates(tc.in)
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%s: error %v, ConfigMap differs (-want +got):\n%s", name, err, diff)
		}
	}
}
