// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"cmp"
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

func TestNames(t *testing.T) {
	everyRelease(t, func(t *testing.T, r release) {
		for key, object := range r.objects(t) {
			if object.GetKind() != "CustomResourceDefinition" {
				for _, problem := range validation.IsDNS1123Label(object.GetName()) {
					t.Errorf("%s: %s", key, problem)
				}
			}
			if namespace := object.GetNamespace(); clusterWide[object.GetKind()] != (namespace == "") {
				t.Errorf("%s is in namespace %q", key, namespace)
			} else if namespace != "" && namespace != cmp.Or(r.namespace, "kubera-system") {
				t.Errorf("%s is not in the namespace of the release", key)
			}
			for name, value := range object.GetLabels() {
				for _, problem := range validation.IsValidLabelValue(value) {
					t.Errorf("%s: label %s: %s", key, name, problem)
				}
			}
		}
	})
}

var clusterWide = map[string]bool{
	"ClusterRole": true, "ClusterRoleBinding": true, "CustomResourceDefinition": true, "PriorityClass": true,
}

// TestNamesStayApart: what is cut must not become the name of another release.
func TestNamesStayApart(t *testing.T) {
	const long = "a-name-that-is-much-longer-than-there-is-room-for"
	one := release{name: long + "-a"}.objects(t).one(t, "Deployment").GetName()
	other := release{name: long + "-b"}.objects(t).one(t, "Deployment").GetName()
	if one == other {
		t.Errorf("two releases have the Deployment %s", one)
	}
}

func TestBindings(t *testing.T) {
	everyRelease(t, func(t *testing.T, r release) {
		all := r.objects(t)
		deployment := all.one(t, "Deployment")
		account := field(t, deployment, "spec", "template", "spec", "serviceAccountName")
		if len(all.ofKind("ServiceAccount")) > 0 && all[fmt.Sprintf("ServiceAccount %s/%s", deployment.GetNamespace(), account)] == nil {
			t.Errorf("no ServiceAccount is %s", account)
		}
		bindings := append(all.ofKind("ClusterRoleBinding"), all.ofKind("RoleBinding")...)
		if len(bindings) < 2 {
			t.Errorf("there are %d bindings", len(bindings))
		}
		for _, binding := range bindings {
			kind, name := field(t, binding, "roleRef", "kind"), field(t, binding, "roleRef", "name")
			if all[fmt.Sprintf("%s %s/%s", kind, binding.GetNamespace(), name)] == nil {
				t.Errorf("%s binds the %s %s, which does not exist", binding.GetName(), kind, name)
			}
			subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
			if want := fmt.Sprint([]any{map[string]any{"kind": "ServiceAccount", "name": account, "namespace": deployment.GetNamespace()}}); fmt.Sprint(subjects) != want {
				t.Errorf("%s is for %v, want %s", binding.GetName(), subjects, want)
			}
		}
	})
}

// TestSelectors: whatever selects the controller's pods finds those of this release, not
// those of another one, and not that of the clean-up, which has a NetworkPolicy of its own.
func TestSelectors(t *testing.T) {
	everyRelease(t, func(t *testing.T, r release) {
		all := r.objects(t)
		pods := podLabels(t, all.one(t, "Deployment"))
		others := podLabels(t, release{name: "another"}.objects(t).one(t, "Deployment"))
		check := func(object *unstructured.Unstructured, fields ...string) {
			t.Helper()
			selector := labels.SelectorFromSet(stringMap(t, object, fields...))
			if object.GetLabels()["app.kubernetes.io/component"] == "cleanup" {
				if !selector.Matches(podLabels(t, all.one(t, "Job"))) || selector.Matches(pods) || selector.Matches(others) {
					t.Errorf("%s %s selects %s, not the pod of the clean-up only", object.GetKind(), object.GetName(), selector)
				}
				return
			}
			if selector.Empty() || !selector.Matches(pods) || selector.Matches(others) {
				t.Errorf("%s %s selects %s, the pods are %s", object.GetKind(), object.GetName(), selector, pods)
			}
			for _, job := range all.ofKind("Job") {
				if selector.Matches(podLabels(t, job)) {
					t.Errorf("%s %s selects the pod of the clean-up", object.GetKind(), object.GetName())
				}
			}
		}
		for kind, fields := range map[string][]string{
			"Deployment":          {"spec", "selector", "matchLabels"},
			"PodDisruptionBudget": {"spec", "selector", "matchLabels"},
			"NetworkPolicy":       {"spec", "podSelector", "matchLabels"},
			"Service":             {"spec", "selector"},
		} {
			for _, object := range all.ofKind(kind) {
				check(object, fields...)
			}
		}
		for _, monitor := range all.ofKind("ServiceMonitor") {
			selector := labels.SelectorFromSet(stringMap(t, monitor, "spec", "selector", "matchLabels"))
			if service := all.one(t, "Service"); !selector.Matches(labels.Set(service.GetLabels())) {
				t.Errorf("the ServiceMonitor selects %s, the Service has %v", selector, service.GetLabels())
			}
		}
	})
}

// TestServer: the name by which Prometheus verifies the metrics is one of the certificate.
func TestServer(t *testing.T) {
	all := release{name: "edge", namespace: "gateways", values: []string{"--values", directory + "/ci/cert-manager-values.yaml"}}.objects(t)
	endpoints, _, _ := unstructured.NestedSlice(all.one(t, "ServiceMonitor").Object, "spec", "endpoints")
	server, _, _ := unstructured.NestedString(endpoints[0].(map[string]any), "tlsConfig", "serverName")
	names, _, _ := unstructured.NestedStringSlice(all.one(t, "Certificate").Object, "spec", "dnsNames")
	want := all.one(t, "Service").GetName() + ".gateways.svc"
	if server != want || names[0] != want {
		t.Errorf("Prometheus asks for %s, the certificate is for %s, the Service is %s", server, names, want)
	}
	if issuer := field(t, all.one(t, "Certificate"), "spec", "issuerRef", "name"); issuer != all.one(t, "Issuer").GetName() {
		t.Errorf("the certificate is by %s, which does not exist", issuer)
	}
}

func field(t *testing.T, object *unstructured.Unstructured, fields ...string) string {
	t.Helper()
	value, found, err := unstructured.NestedString(object.Object, fields...)
	if err != nil || !found {
		t.Fatalf("%s %s has no %v: %v", object.GetKind(), object.GetName(), fields, err)
	}
	return value
}

func stringMap(t *testing.T, object *unstructured.Unstructured, fields ...string) map[string]string {
	t.Helper()
	value, found, err := unstructured.NestedStringMap(object.Object, fields...)
	if err != nil || !found {
		t.Fatalf("%s %s has no %v: %v", object.GetKind(), object.GetName(), fields, err)
	}
	return value
}

func podLabels(t *testing.T, object *unstructured.Unstructured) labels.Set {
	t.Helper()
	return stringMap(t, object, "spec", "template", "metadata", "labels")
}
