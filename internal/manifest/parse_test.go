// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// outcome is what became of a file: its objects by key, and its problems as text.
func outcome(file *File) (objects, problems []string) {
	for _, o := range file.Objects {
		objects = append(objects, fmt.Sprintf("%s at %s", o.Key, o.Position()))
	}
	for _, p := range file.Problems {
		problems = append(problems, p.String())
	}
	return objects, problems
}

// TestParse reads each file of testdata/parse and compares with the .out file
// beside it, which has a line for each object and each problem. Run with
// UPDATE_GOLDEN=true to rewrite those.
func TestParse(t *testing.T) {
	inputs, err := os.ReadDir("testdata/parse")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range inputs {
		name := entry.Name()
		if strings.HasSuffix(name, ".out") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/parse/" + name)
			if err != nil {
				t.Fatal(err)
			}
			objects, problems := outcome(Parse(t.Context(), name, data))
			have := "objects:\n" + lines(objects) + "problems:\n" + lines(problems)
			golden := "testdata/parse/" + name + ".out"
			if os.Getenv("UPDATE_GOLDEN") == "true" {
				if err := os.WriteFile(golden, []byte(have), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), have); diff != "" {
				t.Errorf("(-want +have)\n%s", diff)
			}
		})
	}
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "  " + strings.Join(list, "\n  ") + "\n"
}

// only parses text that must hold one object and no problem.
func only[T any](t *testing.T, text string) T {
	t.Helper()
	file := Parse(t.Context(), "test.yaml", []byte(text))
	if len(file.Objects) != 1 || len(file.Problems) != 0 {
		t.Fatalf("want one object and no problem, have %d, %v", len(file.Objects), file.Problems)
	}
	value, ok := file.Objects[0].Value.(T)
	if !ok {
		t.Fatalf("have a %T", file.Objects[0].Value)
	}
	return value
}

func TestDefaultsOfAnAPIServer(t *testing.T) {
	gw := only[*gwv1.Gateway](t, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, port: 80, protocol: HTTP}]
`)
	if gw.Namespace != "default" || gw.Generation != 1 {
		t.Errorf("namespace %q, generation %d", gw.Namespace, gw.Generation)
	}
	routes := gw.Spec.Listeners[0].AllowedRoutes
	if routes == nil || routes.Namespaces == nil || routes.Namespaces.From == nil || *routes.Namespaces.From != gwv1.NamespacesFromSame {
		t.Errorf("allowedRoutes is %+v", routes)
	}

	route := only[*gwv1.HTTPRoute](t, `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
`)
	if route.APIVersion != "gateway.networking.k8s.io/v1" {
		t.Errorf("apiVersion %q", route.APIVersion)
	}
	rule := route.Spec.Rules[0]
	if len(rule.Matches) != 1 || *rule.Matches[0].Path.Type != gwv1.PathMatchPathPrefix || *rule.Matches[0].Path.Value != "/" {
		t.Errorf("matches %+v", rule.Matches)
	}
	if ref := rule.BackendRefs[0]; *ref.Weight != 1 || *ref.Kind != "Service" || *ref.Group != "" {
		t.Errorf("backendRef %+v", ref)
	}
}

func TestDefaultsOfCoreKinds(t *testing.T) {
	service := only[*corev1.Service](t, `{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}}`)
	if p := service.Spec.Ports[0]; p.Protocol != corev1.ProtocolTCP || p.TargetPort.IntValue() != 80 || service.Spec.Type != corev1.ServiceTypeClusterIP {
		t.Errorf("%+v", service.Spec)
	}

	slice := only[*discoveryv1.EndpointSlice](t, `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1}
addressType: IPv4
endpoints: [{addresses: [127.0.0.1]}]
ports: [{port: 9000}]
`)
	if p := slice.Ports[0]; *p.Name != "" || *p.Protocol != corev1.ProtocolTCP {
		t.Errorf("%+v", p)
	}

	ns := only[*corev1.Namespace](t, `{apiVersion: v1, kind: Namespace, metadata: {name: shop, namespace: odd}}`)
	if ns.Namespace != "" || ns.Labels["kubernetes.io/metadata.name"] != "shop" {
		t.Errorf("%+v", ns.ObjectMeta)
	}
}

func TestSecretData(t *testing.T) {
	secret := only[*corev1.Secret](t, `
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: aGVsbG8=, b: aGVsbG8=}
stringData: {b: plain}
`)
	want := map[string][]byte{"a": []byte("hello"), "b": []byte("plain")}
	if diff := cmp.Diff(want, secret.Data); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if len(secret.StringData) != 0 || secret.Type != corev1.SecretTypeOpaque {
		t.Errorf("stringData %v, type %s", secret.StringData, secret.Type)
	}
}

// TestSecretsStaySecret breaks a Secret in every way and looks for its content in
// the problems.
func TestSecretsStaySecret(t *testing.T) {
	for name, text := range map[string]string{
		"not base64":    "data: {key: hunter2-hunter2}",
		"number":        "data: {key: 271828182}",
		"list":          "data: {key: [hunter2]}",
		"string number": "stringData: {key: 271828182}",
		"no mapping":    "data: hunter2",
		"bad key":       "stringData: {'k e y': hunter2}",
		"unknown field": "stringData: {key: hunter2}\nunknown: {}",
		"broken YAML":   "stringData: {key: hunter2\nother: hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			file := Parse(t.Context(), "s.yaml", []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"+text+"\n"))
			if len(file.Problems) == 0 || len(file.Objects) != 0 {
				t.Fatalf("%d objects, %v", len(file.Objects), file.Problems)
			}
			for _, p := range file.Problems {
				if s := p.String(); strings.Contains(s, "hunter2") || strings.Contains(s, "271828182") {
					t.Errorf("content in %q", s)
				}
			}
		})
	}
}

func TestLargeSecret(t *testing.T) {
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  key: %s\n"
	file := Parse(t.Context(), "s.yaml", fmt.Appendf(nil, text, strings.Repeat("x", corev1.MaxSecretSize)))
	if len(file.Objects) != 1 || len(file.Problems) != 0 {
		t.Errorf("1 MiB: %v", file.Problems)
	}
	file = Parse(t.Context(), "s.yaml", fmt.Appendf(nil, text, strings.Repeat("x", corev1.MaxSecretSize+1)))
	_, problems := outcome(file)
	want := []string{"s.yaml:1:1: Secret default/s: data: the data has 1048577 bytes, at most 1048576 are allowed"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

// TestWhatKubectlPrintsIsTaken: the output of kubectl get -o yaml has fields that
// the server fills in.
func TestWhatKubectlPrintsIsTaken(t *testing.T) {
	gw := only[*gwv1.Gateway](t, `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: web
  namespace: default
  uid: 5b9b7f3e-8f5a-4a0c-9a1a-000000000000
  resourceVersion: "17"
  generation: 4
  creationTimestamp: "2026-01-02T03:04:05Z"
  managedFields:
  - {apiVersion: gateway.networking.k8s.io/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {}}, manager: kubectl, operation: Update, time: "2026-01-02T03:04:05Z"}
spec:
  gatewayClassName: kubera
  listeners: [{name: http, port: 80, protocol: HTTP}]
status:
  conditions: [{type: Accepted, status: "True", reason: Accepted, message: "", lastTransitionTime: "2026-01-02T03:04:05Z"}]
`)
	if gw.Generation != 4 || gw.CreationTimestamp.Year() != 2026 || len(gw.Status.Conditions) != 0 {
		t.Errorf("%+v", gw)
	}
}
