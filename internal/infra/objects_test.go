// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	psaapi "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"

	"github.com/kubera-dev/kubera/internal/parameters"
)

// inputs reads the inputs of the golden files, by file name.
func inputs(t *testing.T) map[string]Input {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	all := map[string]Input{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		given, _, _ := strings.Cut(string(text), outputMark)
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = readInput(t, given)
	}
	return all
}

func deploymentOf(t *testing.T, in Input) *appsv1.Deployment {
	t.Helper()
	objects, err := Objects(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if d, ok := o.(*appsv1.Deployment); ok {
			return d
		}
	}
	t.Fatal("no Deployment")
	return nil
}

// The pods run in a namespace that enforces the restricted Pod Security Standard.
func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
	template := deploymentOf(t, inputs(t)["defaults"]).Spec.Template
	for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}

	template.Spec.Containers[0].SecurityContext = nil
	refused := false
	for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
		refused = refused || !result.Allowed
	}
	if !refused {
		t.Error("the check lets everything pass")
	}
}

// A listener that comes or goes must not restart a pod.
func TestPodsDoNotDependOnListeners(t *testing.T) {
	in := inputs(t)["defaults"]
	before := deploymentOf(t, in)
	in.Gateway = in.Gateway.DeepCopy()
	in.Gateway.Spec.Listeners = in.Gateway.Spec.Listeners[:1]
	in.Gateway.Generation++
	in.Ports = []Port{{8443, corev1.ProtocolTCP}, {8443, corev1.ProtocolUDP}}
	if diff := cmp.Diff(before, deploymentOf(t, in)); diff != "" {
		t.Errorf("the Deployment changed:\n%s", diff)
	}
}

// What the proxy does with requests is pushed to it and must not restart a pod.
func TestPodsDoNotDependOnProxyParameters(t *testing.T) {
	in := inputs(t)["defaults"]
	before := deploymentOf(t, in)
	with := readInput(t, "{}\n---\nspec: {proxy: {logLevel: debug, limits: {maxConnections: 5}}}\n")
	in.Parameters = with.Parameters
	if diff := cmp.Diff(before, deploymentOf(t, in)); diff != "" {
		t.Errorf("the Deployment changed:\n%s", diff)
	}
}

// A pod is killed only after it drained, whatever the parameters say.
func TestGraceOutlastsTheDrain(t *testing.T) {
	for name, in := range inputs(t) {
		if name == "bad-patch" {
			continue
		}
		d := parameters.Defaults(in.Parameters).Deployment.Drain
		drain := duration(d.Delay) + duration(d.Timeout)
		grace := deploymentOf(t, in).Spec.Template.Spec.TerminationGracePeriodSeconds
		if grace == nil || float64(*grace) < drain.Seconds()+1 {
			t.Errorf("%s: grace period %v s, the drain takes up to %v", name, grace, drain)
		}
	}
}

func TestOrderOfPortsDoesNotMatter(t *testing.T) {
	in := inputs(t)["defaults"]
	tcp := func(n int32) Port { return Port{n, corev1.ProtocolTCP} }
	in.Ports = []Port{tcp(443), tcp(80), {80, corev1.ProtocolUDP}, tcp(8080), tcp(80)}
	first := describe(t, in)
	in.Ports = []Port{{80, corev1.ProtocolUDP}, tcp(80), tcp(8080), tcp(443)}
	if diff := cmp.Diff(first, describe(t, in)); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsAreOfTheirKinds(t *testing.T) {
	known := map[reflect.Type]bool{}
	for _, o := range Kinds() {
		known[reflect.TypeOf(o)] = true
	}
	seen := map[reflect.Type]bool{}
	for name, in := range inputs(t) {
		objects, err := Objects(in)
		if err != nil {
			continue
		}
		for _, o := range append(objects, Unwanted(in)...) {
			seen[reflect.TypeOf(o)] = true
			if !known[reflect.TypeOf(o)] {
				t.Errorf("%s: %T is not among Kinds", name, o)
			}
			if o.GetObjectKind().GroupVersionKind().Empty() {
				t.Errorf("%s: %T has no kind", name, o)
			}
			if ref := o.GetOwnerReferences(); len(ref) != 1 || ref[0].UID != in.Gateway.UID {
				t.Errorf("%s: %T is owned by %v", name, o, ref)
			}
		}
	}
	if len(seen) != len(known) {
		t.Errorf("%d of %d kinds are made", len(seen), len(known))
	}
}

func TestSelectorFindsThePods(t *testing.T) {
	for name, in := range inputs(t) {
		if name == "bad-patch" {
			continue
		}
		labels := deploymentOf(t, in).Spec.Template.Labels
		for key, value := range Selector(in.Gateway.Name) {
			if labels[key] != value {
				t.Errorf("%s: label %s is %q, want %q", name, key, labels[key], value)
			}
		}
	}
}

func TestNoImage(t *testing.T) {
	in := inputs(t)["defaults"]
	in.Image = ""
	if _, err := Objects(in); err == nil || !strings.Contains(err.Error(), "spec.deployment.image") {
		t.Errorf("got %v", err)
	}
}

func TestServiceAccountHasNoToken(t *testing.T) {
	objects, err := Objects(inputs(t)["defaults"])
	if err != nil {
		t.Fatal(err)
	}
	account, ok := objects[0].(*corev1.ServiceAccount)
	if !ok || account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
		t.Errorf("first object: %+v", objects[0])
	}
}
