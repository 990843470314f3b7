// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// gatewayAPI answers as an API server with one class, which others have made, and one
// Gateway of it. It gives the arguments that lead there.
func gatewayAPI(t *testing.T) []string {
	t.Helper()
	class := gwv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "kubera"}}
	class.Kind, class.APIVersion = "GatewayClass", gwv1.GroupVersion.String()
	class.Spec.ControllerName = "kubera.dev/gateway-controller"
	gateway := gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "edge", Name: "web"}}
	gateway.Spec.GatewayClassName = "kubera"
	base := "/apis/" + gwv1.GroupVersion.String()
	answers := map[string]any{
		"/api": metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}},
		"/apis": metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList"}, Groups: []metav1.APIGroup{{
			Name: gwv1.GroupName, Versions: []metav1.GroupVersionForDiscovery{{GroupVersion: gwv1.GroupVersion.String(), Version: "v1"}},
		}}},
		base: metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList"}, GroupVersion: gwv1.GroupVersion.String(), APIResources: []metav1.APIResource{
			{Name: "gatewayclasses", Kind: "GatewayClass"}, {Name: "gateways", Kind: "Gateway", Namespaced: true},
		}},
		base + "/gatewayclasses":        gwv1.GatewayClassList{Items: []gwv1.GatewayClass{class}},
		base + "/gatewayclasses/kubera": class,
		base + "/gateways":              gwv1.GatewayList{Items: []gwv1.Gateway{gateway}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf("{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: %q}}]}", server.URL)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--kubeconfig=" + kubeconfig}
}

func TestCleanup(t *testing.T) {
	there := gatewayAPI(t)
	for _, tc := range []struct {
		args      []string
		want, err string
	}{
		{nil, "GatewayClass kubera is left", ""},
		{[]string{"--gateway-class=other"}, "GatewayClass other does not exist", ""},
		{[]string{"--gateway-class="}, "no GatewayClass was made", ""},
		{[]string{"--controller-name=example.com/other"}, "GatewayClass kubera is left: it is of the controller", ""},
		{[]string{"--fail-if-served"}, "", "edge/web"},
		{[]string{"--fail-if-served", "--gateway-class="}, "", "edge/web"},
		{[]string{"--fail-if-served", "--controller-name=example.com/other"}, "is left", ""},
		{[]string{"everything"}, "", `unknown argument "everything"`},
	} {
		var out bytes.Buffer
		err := cleanup(t.Context(), &out, append(append([]string{}, there...), tc.args...))
		if !strings.Contains(out.String(), tc.want) || tc.want == "" && out.Len() > 0 {
			t.Errorf("%q: it said %q, want %q", tc.args, out.String(), tc.want)
		}
		if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%q: error %v, want %q", tc.args, err, tc.err)
		}
	}
	if err := cleanup(t.Context(), io.Discard, []string{"--kubeconfig=/nowhere"}); err == nil {
		t.Error("it found a cluster")
	}
}
