// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager_test checks the Deployment of the controller.
package manager_test

import (
	"os"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	psaapi "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	read(t, "manager.yaml", &d)
	return &d
}

// The namespace enforces the Pod Security Standard restricted.
func TestPodIsRestricted(t *testing.T) {
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
	template := deployment(t).Spec.Template
	for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	container := template.Spec.Containers[0].SecurityContext
	if container.ReadOnlyRootFilesystem == nil || !*container.ReadOnlyRootFilesystem {
		t.Error("the root file system can be written")
	}
}

// What is to be kept running and apart are the pods of the Deployment.
func TestSelectorsFindThePods(t *testing.T) {
	d := deployment(t)
	var budget policyv1.PodDisruptionBudget
	read(t, "pod_disruption_budget.yaml", &budget)
	selectors := []*metav1.LabelSelector{d.Spec.Selector, budget.Spec.Selector}
	for _, constraint := range d.Spec.Template.Spec.TopologySpreadConstraints {
		selectors = append(selectors, constraint.LabelSelector)
	}
	for _, term := range d.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		selectors = append(selectors, term.PodAffinityTerm.LabelSelector)
	}
	if len(selectors) < 5 {
		t.Errorf("there are %d selectors", len(selectors))
	}
	for _, selector := range selectors {
		if !labels.SelectorFromSet(selector.MatchLabels).Matches(labels.Set(d.Spec.Template.Labels)) {
			t.Errorf("%v does not select the pods", selector.MatchLabels)
		}
	}
}

// Several replicas must not act at the same time.
func TestReplicasElectALeader(t *testing.T) {
	d := deployment(t)
	if *d.Spec.Replicas < 2 || !slices.Contains(d.Spec.Template.Spec.Containers[0].Args, "--leader-elect") {
		t.Errorf("%d replicas, arguments %q", *d.Spec.Replicas, d.Spec.Template.Spec.Containers[0].Args)
	}
}
