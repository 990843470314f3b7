// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"
	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// TestFeaturesOfTheChannel: what the CRDs have no fields for can't be used.
func TestFeaturesOfTheChannel(t *testing.T) {
	for channel, want := range map[string]bool{"standard": false, "experimental": true, "": true} {
		s := &snapshot.Snapshot{
			GatewayClasses: []*gwv1.GatewayClass{{
				ObjectMeta: metav1.ObjectMeta{Name: "kubera"}, Spec: gwv1.GatewayClassSpec{ControllerName: controllerName},
			}},
			CRDs: []*metav1.PartialObjectMetadata{
				{ObjectMeta: metav1.ObjectMeta{Name: "things.example.com", Annotations: map[string]string{consts.ChannelAnnotation: "standard"}}},
				{ObjectMeta: metav1.ObjectMeta{
					Name: "httproutes.gateway.networking.k8s.io", Annotations: map[string]string{consts.ChannelAnnotation: channel},
				}},
			},
		}
		status := gatewayapi.Translate(s, gatewayapi.Options{ControllerName: controllerName}).
			Statuses.GatewayClasses[types.NamespacedName{Name: "kubera"}]
		for name, want := range map[features.FeatureName]bool{
			features.SupportHTTPRouteRetry: want, features.SupportHTTPRouteRetryBackendTimeout: want,
			features.SupportHTTPRouteRetryConnectionError: want, features.SupportHTTPRouteCORS: true,
		} {
			if got := slices.Contains(status.SupportedFeatures, gwv1.SupportedFeature{Name: gwv1.FeatureName(name)}); got != want {
				t.Errorf("channel %q: feature %s is there: %v, want %v", channel, name, got, want)
			}
		}
	}
}
