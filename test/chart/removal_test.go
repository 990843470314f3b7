// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// TestCleanup: the class goes before the controller does, and a Job that succeeded with it.
func TestCleanup(t *testing.T) {
	r := release{values: []string{"--set", "gatewayClass.name=edge,controllerName=example.com/edge"}}
	job := r.objects(t).one(t, "Job")
	if a := job.GetAnnotations(); a["helm.sh/hook"] != "pre-delete" || !strings.Contains(a["helm.sh/hook-delete-policy"], "hook-succeeded") {
		t.Errorf("the hook is %v", a)
	}
	var typed batchv1.Job
	if err := json.Unmarshal([]byte(asJSON(t, job.Object)), &typed); err != nil {
		t.Fatal(err)
	}
	arguments := strings.Join(typed.Spec.Template.Spec.Containers[0].Args, " ")
	for _, want := range []string{"cleanup ", "--gateway-class=edge", "--controller-name=example.com/edge"} {
		if !strings.Contains(arguments, want) {
			t.Errorf("%s is not in %s", want, arguments)
		}
	}
	if names := deletableClasses(t, r.objects(t)); !slices.Equal(names, []string{"edge"}) {
		t.Errorf("the controller may delete the classes %q", names)
	}
	if names := deletableClasses(t, (release{values: []string{"--set", "gatewayClass.create=false"}}).objects(t)); len(names) > 0 {
		t.Errorf("the controller may delete the classes %q, though it makes none", names)
	}
	for _, values := range []string{"gatewayClass.create=false", "cleanup.enabled=false"} {
		if jobs := (release{values: []string{"--set", values}}).objects(t).ofKind("Job"); len(jobs) > 0 {
			t.Errorf("with %s there is a Job", values)
		}
	}
}

// TestCleanupGetsOut: its policy is there with the Job, and lets it out to the ports of API
// servers that values name.
func TestCleanupGetsOut(t *testing.T) {
	const key = "NetworkPolicy kubera-system/kubera-cleanup"
	var typed networkingv1.NetworkPolicy
	policy := (release{values: []string{"--set", "networkPolicy.apiServerPorts={7443}"}}).objects(t)[key]
	if policy == nil {
		t.Fatalf("there is no %s", key)
	}
	if err := json.Unmarshal([]byte(asJSON(t, policy.Object)), &typed); err != nil {
		t.Fatal(err)
	}
	if ports := typed.Spec.Egress[0].Ports; len(ports) != 1 || ports[0].Port.IntValue() != 7443 || len(typed.Spec.Egress[0].To) > 0 {
		t.Errorf("it lets out to %v", typed.Spec.Egress[0])
	}
	for _, values := range []string{"gatewayClass.create=false", "cleanup.enabled=false", "networkPolicy.enabled=false"} {
		if (release{values: []string{"--set", values}}).objects(t)[key] != nil {
			t.Errorf("with %s there is %s", values, key)
		}
	}
}

// deletableClasses are those that the controller may delete: by their names only.
func deletableClasses(t *testing.T, all objects) []string {
	t.Helper()
	var role rbacv1.ClusterRole
	if err := json.Unmarshal([]byte(asJSON(t, all["ClusterRole /kubera-manager-role"].Object)), &role); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, rule := range role.Rules {
		if slices.Contains(rule.Resources, "gatewayclasses") && slices.Contains(rule.Verbs, "delete") {
			names = append(names, cmp.Or(strings.Join(rule.ResourceNames, " "), "*"))
		}
	}
	return names
}

// TestCRDs: there are those of config/crd, and they stay unless values say otherwise.
func TestCRDs(t *testing.T) {
	sources, err := filepath.Glob(root + "/config/crd/bases/*.yaml")
	if err != nil || len(sources) == 0 {
		t.Fatalf("there are no CRDs: %v", err)
	}
	for values, want := range map[string]struct {
		count  int
		policy string
	}{
		"crds.enabled=true":  {len(sources), "keep"},
		"crds.keep=false":    {len(sources), ""},
		"crds.enabled=false": {},
	} {
		crds := release{values: []string{"--set", values}}.objects(t).ofKind("CustomResourceDefinition")
		if len(crds) != want.count {
			t.Errorf("with %s there are %d CRDs, want %d", values, len(crds), want.count)
		}
		for _, crd := range crds {
			if have := crd.GetAnnotations()["helm.sh/resource-policy"]; have != want.policy {
				t.Errorf("with %s the policy of %s is %q, want %q", values, crd.GetName(), have, want.policy)
			}
		}
	}
}
