// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// translated gives the Gateway web of a case.
func translated(t *testing.T, path string) *gatewayapi.Gateway {
	t.Helper()
	c := readCase(t, path)
	for _, g := range gatewayapi.Translate(c.snapshot, c.options).Gateways {
		if g.Object.Name == "web" {
			return g
		}
	}
	t.Fatalf("%s has no Gateway web", path)
	return nil
}

func TestPorts(t *testing.T) {
	got := translated(t, "testdata/gateway/frontend-validation.yaml").Ports()
	want := []gatewayapi.Port{
		{Number: 80, Protocol: corev1.ProtocolTCP}, {Number: 443, Protocol: corev1.ProtocolTCP},
		{Number: 8443, Protocol: corev1.ProtocolTCP}, {Number: 9443, Protocol: corev1.ProtocolTCP},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Ports() differs (-want +got):\n%s", diff)
	}
	// HTTP/3 is for HTTPS, and UDP of its own.
	got = translated(t, "testdata/gateway/http3.yaml").Ports()
	want = []gatewayapi.Port{
		{Number: 80, Protocol: corev1.ProtocolTCP}, {Number: 80, Protocol: corev1.ProtocolUDP},
		{Number: 443, Protocol: corev1.ProtocolTCP}, {Number: 443, Protocol: corev1.ProtocolUDP},
		{Number: 8443, Protocol: corev1.ProtocolTCP},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Ports() with HTTP/3 differs (-want +got):\n%s", diff)
	}
	if got := translated(t, "testdata/listener/only-conflicts.yaml").Ports(); len(got) != 0 {
		t.Errorf("a Gateway that is rejected has ports: %v", got)
	}
}

// TestDependencies are also those that don't exist, whose making changes what is served.
func TestDependencies(t *testing.T) {
	for _, tc := range []struct {
		path                          string
		services, secrets, configMaps []types.NamespacedName
		backends                      []string
	}{
		{
			path:     "testdata/backend/invalid-share.yaml",
			services: []types.NamespacedName{{Namespace: "default", Name: "echo"}, {Namespace: "default", Name: "missing"}},
			backends: []string{"Service/default/echo/8080"},
		},
		{
			path:     "testdata/listener/tls-partly-invalid.yaml",
			services: []types.NamespacedName{{Namespace: "default", Name: "echo"}},
			secrets:  []types.NamespacedName{{Namespace: "default", Name: "cert"}, {Namespace: "default", Name: "cert-org"}, {Namespace: "default", Name: "missing"}},
			backends: []string{"Service/default/echo/8080"},
		},
		{
			// The route is refused by one listener, and taken by others.
			path:     "testdata/httproute/cross-namespace.yaml",
			services: []types.NamespacedName{{Namespace: "other", Name: "shop"}}, backends: []string{"Service/other/shop/8080"},
		},
		{
			path:       "testdata/gateway/frontend-validation-invalid-default.yaml",
			services:   []types.NamespacedName{{Namespace: "default", Name: "echo"}},
			secrets:    []types.NamespacedName{{Namespace: "default", Name: "cert"}},
			configMaps: []types.NamespacedName{{Namespace: "default", Name: "missing"}},
			backends:   []string{"Service/default/echo/8080"},
		},
		{
			path:       "testdata/policy/backend-tls-invalid-ca-certificate-ref.yaml",
			services:   []types.NamespacedName{{Namespace: "default", Name: "tls"}},
			configMaps: []types.NamespacedName{{Namespace: "default", Name: "ca"}, {Namespace: "default", Name: "empty"}, {Namespace: "default", Name: "missing"}},
			backends:   []string{"Service/default/tls/4"},
		},
		{
			// Mirrors have backends as well.
			path: "testdata/filter/mirrors-unresolved.yaml",
			services: []types.NamespacedName{
				{Namespace: "default", Name: "echo"}, {Namespace: "default", Name: "echo-v2"}, {Namespace: "default", Name: "missing"},
				{Namespace: "default", Name: "missing-too"}, {Namespace: "other", Name: "shop"},
			},
			backends: []string{"Service/default/echo-v2/8080", "Service/default/echo/8080"},
		},
	} {
		g := translated(t, tc.path)
		var backends []string
		for _, b := range g.Backends {
			backends = append(backends, b.ID())
		}
		if diff := cmp.Diff(tc.services, g.Services) + cmp.Diff(tc.secrets, g.Secrets) +
			cmp.Diff(tc.configMaps, g.ConfigMaps) + cmp.Diff(tc.backends, backends); diff != "" {
			t.Errorf("%s: dependencies differ (-want +got):\n%s", tc.path, diff)
		}
	}
}

// TestRulesAreShared by the Gateways of a route, so that they are compiled once.
func TestRulesAreShared(t *testing.T) {
	c := readCase(t, "testdata/httproute/multiple-gateways.yaml")
	rules := map[*gatewayapi.Rule]int{}
	for _, g := range gatewayapi.Translate(c.snapshot, c.options).Gateways {
		for _, r := range g.Routes {
			if r.ID() == "HTTPRoute/default/shared" {
				rules[r.Rules[0]]++
			}
		}
	}
	for _, n := range rules {
		if len(rules) != 1 || n != 2 {
			t.Errorf("%d rules, used %d times", len(rules), n)
		}
	}
}
