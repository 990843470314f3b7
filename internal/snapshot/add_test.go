// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestAdd(t *testing.T) {
	var s Snapshot
	gateway, route := &gwv1.Gateway{}, &gwv1.HTTPRoute{}
	if !s.Add(gateway) || !s.Add(route) {
		t.Error("a kind of a snapshot is not taken")
	}
	if len(s.Gateways) != 1 || s.Gateways[0] != gateway || len(s.HTTPRoutes) != 1 || s.HTTPRoutes[0] != route {
		t.Errorf("%+v", s)
	}
	if s.Add(&corev1.Pod{}) {
		t.Error("a Pod is taken")
	}
}
