// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

func TestSupportedVersion(t *testing.T) {
	const gateways, routes = "gateways.gateway.networking.k8s.io", "httproutes.gateway.networking.k8s.io"
	const install = `: run kubectl apply --server-side -k "github.com/kubernetes-sigs/gateway-api/config/crd?ref=v1.6.3"`
	for _, tc := range []struct {
		name string
		// crds are versions, some with a channel, by name.
		crds map[string]string
		want string
	}{
		{"unknown", nil, ""},
		{"others", map[string]string{"things.example.com": "v9.9.9", "gateway.networking.k8s.io": ""}, ""},
		{"ours", map[string]string{gateways: consts.BundleVersion, routes: consts.BundleVersion, "things.example.com": ""},
			"True SupportedVersion the CRDs of the Gateway API are of v1.6.3; v1.6.x is supported"},
		{"another patch", map[string]string{gateways: "v1.6.0"},
			"True SupportedVersion the CRDs of the Gateway API are of v1.6.0; v1.6.x is supported"},
		{"later", map[string]string{gateways: "v1.60.0"},
			"False UnsupportedVersion the CRDs of the Gateway API are of v1.60.0; v1.6.x is supported: what is new is not served; use a version of Kubera that supports it"},
		{"of another major version", map[string]string{gateways: "v2.0.0-rc.1", routes: "v1.5.1"},
			"False UnsupportedVersion the CRDs of the Gateway API are of v1.5.1 (httproutes) and v2.0.0-rc.1 (gateways); v1.6.x is supported: what is new is not served; use a version of Kubera that supports it"},
		{"several", map[string]string{gateways: "v1.6.3", routes: "v1.5.1", "tlsroutes.gateway.networking.k8s.io": "v1.5.1"},
			"False UnsupportedVersion the CRDs of the Gateway API are of v1.5.1 (httproutes, tlsroutes) and v1.6.3 (gateways); v1.6.x is supported" + install},
		{"of the experimental channel", map[string]string{gateways: "v1.5.1/experimental", routes: "v1.5.1"},
			"False UnsupportedVersion the CRDs of the Gateway API are of v1.5.1; v1.6.x is supported" +
				`: run kubectl apply --server-side -k "github.com/kubernetes-sigs/gateway-api/config/crd/experimental?ref=v1.6.3"`},
		{"without version", map[string]string{gateways: ""},
			"False UnsupportedVersion the CRDs of the Gateway API are of no version; v1.6.x is supported" + install},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &snapshot.Snapshot{GatewayClasses: []*gwv1.GatewayClass{{
				ObjectMeta: metav1.ObjectMeta{Name: "kubera", Generation: 3},
				Spec:       gwv1.GatewayClassSpec{ControllerName: controllerName},
			}}}
			for name, version := range tc.crds {
				crd := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name}}
				if version, channel, _ := strings.Cut(version, "/"); version != "" {
					crd.Annotations = map[string]string{consts.BundleVersionAnnotation: version, consts.ChannelAnnotation: channel}
				}
				s.CRDs = append(s.CRDs, crd)
			}
			status := gatewayapi.Translate(s, gatewayapi.Options{ControllerName: controllerName}).
				Statuses.GatewayClasses[types.NamespacedName{Name: "kubera"}]
			if !meta.IsStatusConditionTrue(status.Conditions, "Accepted") {
				t.Error("the class is not accepted")
			}
			got := ""
			if c := meta.FindStatusCondition(status.Conditions, "SupportedVersion"); c != nil {
				got = string(c.Status) + " " + c.Reason + " " + c.Message
				if c.ObservedGeneration != 3 {
					t.Errorf("observedGeneration is %d", c.ObservedGeneration)
				}
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
