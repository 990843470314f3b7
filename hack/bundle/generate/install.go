// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// managedBy is the label that names the tool that installed an object. The lifecycle
// manager has one of its own.
const managedBy = "app.kubernetes.io/managed-by"

// install moves Deployments, and the roles that are bound to their ServiceAccounts, into
// the CSV. The lifecycle manager makes the accounts and the bindings.
func (in *input) install(spec *csv.InstallSpec) error {
	if len(in.deployments) == 0 {
		return errors.New("there is no Deployment")
	}
	for _, d := range in.deployments {
		account := d.Spec.Template.Spec.ServiceAccountName
		if !in.accounts[account] {
			return fmt.Errorf("there is no ServiceAccount %q, which Deployment %s has", account, d.Name)
		}
		delete(d.Labels, managedBy)
		delete(d.Spec.Template.Labels, managedBy)
		spec.Deployments = append(spec.Deployments, csv.Deployment{Name: d.Name, Label: d.Labels, Spec: d.Spec})
		delete(in.accounts, account)

		rules, err := in.clusterRules(account)
		if err != nil {
			return err
		}
		spec.ClusterPermissions = append(spec.ClusterPermissions, csv.Permissions{ServiceAccountName: account, Rules: rules})
		if rules, err = in.rules(account); err != nil {
			return err
		}
		spec.Permissions = append(spec.Permissions, csv.Permissions{ServiceAccountName: account, Rules: rules})
	}
	for account := range in.accounts {
		return fmt.Errorf("ServiceAccount %s is that of no Deployment", account)
	}
	return nil
}

// clusterRules takes the ClusterRoles that are bound to an account everywhere.
func (in *input) clusterRules(account string) ([]rbacv1.PolicyRule, error) {
	var rules []rbacv1.PolicyRule
	for _, b := range in.clusterRoleBindings {
		if !binds(b.Subjects, account) {
			return nil, fmt.Errorf("ClusterRoleBinding %s: want one subject, ServiceAccount %s", b.Name, account)
		}
		role, ok := in.clusterRoles[b.RoleRef.Name]
		if !ok {
			return nil, fmt.Errorf("ClusterRoleBinding %s: there is no ClusterRole %s", b.Name, b.RoleRef.Name)
		}
		rules = append(rules, role.Rules...)
		delete(in.clusterRoles, b.RoleRef.Name)
	}
	return rules, nil
}

// rules takes the Roles that are bound to an account in the operator's namespace.
func (in *input) rules(account string) ([]rbacv1.PolicyRule, error) {
	var rules []rbacv1.PolicyRule
	for _, b := range in.roleBindings {
		if !binds(b.Subjects, account) || b.Namespace != in.namespace.Name {
			return nil, fmt.Errorf("RoleBinding %s/%s: want namespace %s and one subject, ServiceAccount %s",
				b.Namespace, b.Name, in.namespace.Name, account)
		}
		role, ok := in.roles[b.RoleRef.Name]
		if !ok || b.RoleRef.Kind != "Role" {
			return nil, fmt.Errorf("RoleBinding %s: there is no %s %s", b.Name, b.RoleRef.Kind, b.RoleRef.Name)
		}
		rules = append(rules, role.Rules...)
		delete(in.roles, b.RoleRef.Name)
	}
	return rules, nil
}

func binds(subjects []rbacv1.Subject, account string) bool {
	return len(subjects) == 1 && subjects[0].Kind == rbacv1.ServiceAccountKind && subjects[0].Name == account
}

func (in *input) owns(kind schema.GroupKind) bool {
	for _, crd := range in.crds {
		if crd.Spec.Group == kind.Group && crd.Spec.Names.Kind == kind.Kind {
			return true
		}
	}
	return false
}

// extra are the objects that go into the bundle by themselves: in the operator's
// namespace, which is not known yet, or in none.
func (in *input) extra() ([]*unstructured.Unstructured, error) {
	var list []*unstructured.Unstructured
	for _, name := range slices.Sorted(maps.Keys(in.clusterRoles)) {
		role := in.clusterRoles[name]
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&role)
		if err != nil {
			return nil, err
		}
		list = append(list, &unstructured.Unstructured{Object: object})
	}
	for name := range in.roles {
		return nil, fmt.Errorf("nothing binds the Role %s to a ServiceAccount", name)
	}
	for _, object := range in.others {
		if in.owns(object.GroupVersionKind().GroupKind()) {
			continue
		}
		if !Supported[object.GetKind()] {
			return nil, fmt.Errorf("%s %s: a bundle can't have one", object.GetKind(), object.GetName())
		}
		object.SetNamespace("")
		list = append(list, object)
	}
	for _, object := range list {
		labels := object.GetLabels()
		delete(labels, managedBy)
		object.SetLabels(labels)
	}
	return list, nil
}
