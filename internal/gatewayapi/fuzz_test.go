// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"encoding/json"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// FuzzTranslate checks that whatever the specs are, which an API server may have
// taken by other schemas than ours, the result has statuses that can be written
// and a configuration that a proxy takes.
func FuzzTranslate(f *testing.F) {
	for _, path := range goldenFiles(f) {
		c := readCase(f, path)
		for _, g := range c.snapshot.Gateways {
			for _, r := range c.snapshot.HTTPRoutes {
				f.Add(encode(f, g.Spec), encode(f, r.Spec), []byte("{}"))
			}
		}
		for _, s := range c.snapshot.EndpointSlices {
			f.Add([]byte("{}"), []byte("{}"), encode(f, s))
		}
	}
	common := readCase(f, goldenFiles(f)[0]).snapshot
	f.Fuzz(func(t *testing.T, gatewaySpec, routeSpec, sliceJSON []byte) {
		gateway, route, slice := &gwv1.Gateway{}, &gwv1.HTTPRoute{}, &discoveryv1.EndpointSlice{}
		if json.Unmarshal(gatewaySpec, &gateway.Spec) != nil || json.Unmarshal(routeSpec, &route.Spec) != nil ||
			json.Unmarshal(sliceJSON, slice) != nil {
			return
		}
		gateway.Namespace, gateway.Name, gateway.Spec.GatewayClassName = "default", "web", "kubera"
		route.Namespace, route.Name = "default", "echo"
		route.Spec.ParentRefs = append(route.Spec.ParentRefs, gwv1.ParentReference{Name: "web"})
		slice.Namespace, slice.Name = "default", "fuzzed"
		slice.Labels = map[string]string{discoveryv1.LabelServiceName: "echo"}
		s := &snapshot.Snapshot{
			GatewayClasses: common.GatewayClasses, Services: common.Services, Secrets: common.Secrets,
			Gateways: []*gwv1.Gateway{gateway}, HTTPRoutes: []*gwv1.HTTPRoute{route},
			EndpointSlices: []*discoveryv1.EndpointSlice{slice},
		}
		result := gatewayapi.Translate(s, gatewayapi.Options{ControllerName: controllerName})
		checkStatuses(t, result)
		checkConfig(t, render.Config(result.Gateways, render.Options{}))
	})
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
