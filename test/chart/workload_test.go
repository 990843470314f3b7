// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// TestTypes: the objects of Kubernetes have the fields that their kinds have, and no others.
func TestTypes(t *testing.T) {
	everyRelease(t, func(t *testing.T, r release) {
		decoded := 0
		for key, object := range r.objects(t) {
			typed, err := scheme.Scheme.New(object.GroupVersionKind())
			if runtime.IsNotRegisteredError(err) {
				continue // CRDs, and objects of other projects' CRDs.
			}
			decoded++
			if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, typed, true); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		}
		if decoded < 5 {
			t.Errorf("only %d objects are of Kubernetes", decoded)
		}
	})
}

// pod is the template of the pods of a Deployment or a Job.
func pod(t *testing.T, object *unstructured.Unstructured) corev1.PodTemplateSpec {
	t.Helper()
	content, found, err := unstructured.NestedMap(object.Object, "spec", "template")
	if err != nil || !found {
		t.Fatalf("%s has no pods: %v", object.GetName(), err)
	}
	var template corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &template); err != nil {
		t.Fatal(err)
	}
	return template
}

// TestOneActs: where no Lease says which controller acts, there never are two, also while
// one is replaced.
func TestOneActs(t *testing.T) {
	everyRelease(t, func(t *testing.T, r release) {
		deployment := r.objects(t).one(t, "Deployment")
		want := "Recreate"
		if slices.Contains(pod(t, deployment).Spec.Containers[0].Args, "--leader-elect") {
			want = "RollingUpdate"
		}
		if have := field(t, deployment, "spec", "strategy", "type"); have != want {
			t.Errorf("it is replaced by %s, want %s", have, want)
		}
	})
}

func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	everyRelease(t, func(t *testing.T, r release) {
		all := r.objects(t)
		for _, object := range append(all.ofKind("Deployment"), all.ofKind("Job")...) {
			template := pod(t, object)
			for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
				if !result.Allowed {
					t.Errorf("%s %s: %s: %s", object.GetKind(), object.GetName(), result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
		}
	})
}

// TestFlags gives what the pods are started with to the controller itself.
func TestFlags(t *testing.T) {
	controller := filepath.Join(t.TempDir(), "kubera-controller")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", controller, "./cmd/controller")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	everyRelease(t, func(t *testing.T, r release) {
		all := r.objects(t)
		for _, object := range append(all.ofKind("Deployment"), all.ofKind("Job")...) {
			arguments := slices.Concat(pod(t, object).Spec.Containers[0].Args, []string{"--help"})
			if out, err := exec.CommandContext(t.Context(), controller, arguments...).CombinedOutput(); err != nil || strings.Contains(string(out), "not defined") {
				t.Errorf("%s %q: %v\n%s", object.GetKind(), arguments, err, out)
			}
		}
	})
}

func TestImages(t *testing.T) {
	tag := ":" + chartMetadata(t).AppVersion
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for name, test := range map[string]struct {
		values            []string
		controller, proxy string
	}{
		"defaults": {nil, "kubera-controller" + tag, "kubera-proxy" + tag},
		"registry": {
			[]string{"--set", "image.registry=registry.example:5000/mirror/"},
			"registry.example:5000/mirror/kubera-controller" + tag, "registry.example:5000/mirror/kubera-proxy" + tag,
		},
		"tags": {
			[]string{"--set-string", "controller.image.tag=1,proxy.image.tag=2"},
			"kubera-controller:1", "kubera-proxy:2",
		},
		"digest": {
			[]string{"--set", "proxy.image.digest=" + digest},
			"kubera-controller" + tag, "kubera-proxy@" + digest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := release{values: test.values}.objects(t)
			container := pod(t, all.one(t, "Deployment")).Spec.Containers[0]
			if container.Image != test.controller {
				t.Errorf("the controller is %s, want %s", container.Image, test.controller)
			}
			if cleanup := pod(t, all.one(t, "Job")).Spec.Containers[0]; cleanup.Image != test.controller {
				t.Errorf("the clean-up is %s, want %s", cleanup.Image, test.controller)
			}
			for _, variable := range container.Env {
				if variable.Name == "PROXY_IMAGE" && variable.Value != test.proxy {
					t.Errorf("PROXY_IMAGE is %s, want %s", variable.Value, test.proxy)
				}
			}
		})
	}
}
