// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rbac_test checks what the roles allow that docs/security.md says they don't.
package rbac_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// roles of a file. A Role has the fields of a ClusterRole that are looked at.
func roles(t *testing.T, file string) []rbacv1.ClusterRole {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []rbacv1.ClusterRole
	for document := range bytes.SplitSeq(bytes.TrimPrefix(text, []byte("---\n")), []byte("\n---\n")) {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict(document, &role); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, role)
	}
	return all
}

// own are the resources of Kubera's CRDs.
func own(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../crd/bases/gateway.kubera.dev_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no CRDs: %v", err)
	}
	var resources []string
	for _, file := range files {
		_, name, _ := strings.Cut(strings.TrimSuffix(file, ".yaml"), "_")
		resources = append(resources, name)
	}
	return resources
}

// TestPeople: whoever may edit a namespace can't run any pod there by the patch of
// parameters, and parameters of classes are for administrators of the cluster.
func TestPeople(t *testing.T) {
	reading := []string{"get", "list", "watch"}
	for name, want := range map[string]struct {
		resources []string
		writes    bool
	}{
		"view":  {own(t), false},
		"edit":  {[]string{"accesscontrolfilters", "staticresponsefilters"}, true},
		"admin": {[]string{"gatewayparameters"}, true},
	} {
		file := map[string]string{"view": "viewer", "edit": "editor", "admin": "admin"}[name]
		for _, role := range roles(t, "kubera_"+file+"_role.yaml") {
			for label := range role.Labels {
				if to, ok := strings.CutPrefix(label, "rbac.authorization.k8s.io/aggregate-to-"); ok && to != name {
					t.Errorf("%s adds to %s", role.Name, to)
				}
			}
			if role.Labels["rbac.authorization.k8s.io/aggregate-to-"+name] != "true" || len(role.Rules) != 1 {
				t.Errorf("%s does not add to %s by one rule: %v", role.Name, name, role)
				continue
			}
			rule := role.Rules[0]
			slices.Sort(rule.Resources)
			if diff := cmp.Diff(want.resources, rule.Resources); diff != "" {
				t.Errorf("resources of %s: -want +got:\n%s", role.Name, diff)
			}
			if !slices.Equal(rule.APIGroups, []string{"gateway.kubera.dev"}) || !want.writes && !slices.Equal(rule.Verbs, reading) {
				t.Errorf("%s: %v", role.Name, rule)
			}
		}
	}
}

// TestController: nothing by which it could give rights to itself or to others, run a
// command in a pod, or do what nobody has thought of.
func TestController(t *testing.T) {
	for _, file := range []string{"role.yaml", "leader_election_role.yaml", "metrics_auth_role.yaml"} {
		for _, role := range roles(t, file) {
			if len(role.Rules) == 0 {
				t.Errorf("%s has no rules", file)
			}
			for _, rule := range role.Rules {
				everything := slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs)
				for _, no := range []string{"*", "rbac.authorization.k8s.io", "escalate", "bind", "impersonate", "deletecollection", "pods/exec", "serviceaccounts/token"} {
					if slices.Contains(everything, no) {
						t.Errorf("%s %s has %s: %v", role.Kind, role.Name, no, rule)
					}
				}
				if slices.Contains(rule.Resources, "pods") && slices.ContainsFunc(rule.Verbs, func(verb string) bool {
					return !slices.Contains([]string{"get", "list", "watch"}, verb)
				}) {
					t.Errorf("%s %s writes pods: %v", role.Kind, role.Name, rule)
				}
			}
		}
	}
}
