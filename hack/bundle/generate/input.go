// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// input is what config/manifests comes to, by what becomes of it.
type input struct {
	base        *csv.ClusterServiceVersion
	namespace   *corev1.Namespace
	deployments []appsv1.Deployment
	accounts    map[string]bool

	// crds are decoded to be read, and kept as they came to be written.
	crds     []apiextensionsv1.CustomResourceDefinition
	crdFiles []*unstructured.Unstructured

	roles               map[string]rbacv1.Role
	clusterRoles        map[string]rbacv1.ClusterRole
	roleBindings        []rbacv1.RoleBinding
	clusterRoleBindings []rbacv1.ClusterRoleBinding

	scorecard *unstructured.Unstructured
	// others are examples, or objects that go into the bundle as they are.
	others []*unstructured.Unstructured
}

// read decodes a stream of YAML documents, as kustomize prints it.
func read(r io.Reader) (*input, error) {
	in := &input{
		accounts:     map[string]bool{},
		roles:        map[string]rbacv1.Role{},
		clusterRoles: map[string]rbacv1.ClusterRole{},
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(r))
	for {
		raw, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(raw, &object.Object); err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := in.add(object, raw); err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	switch {
	case in.base == nil:
		return nil, errors.New("there is no ClusterServiceVersion")
	case in.namespace == nil:
		return nil, errors.New("there is no Namespace")
	case in.scorecard == nil:
		return nil, errors.New("there is no Configuration of the scorecard")
	}
	return in, nil
}

func (in *input) add(object *unstructured.Unstructured, raw []byte) error {
	switch object.GetKind() {
	case csv.Kind:
		in.base = &csv.ClusterServiceVersion{}
		return yaml.UnmarshalStrict(raw, in.base)
	case "Namespace":
		in.namespace = &corev1.Namespace{}
		return yaml.UnmarshalStrict(raw, in.namespace)
	case "Deployment":
		return decode(raw, func(d appsv1.Deployment) { in.deployments = append(in.deployments, d) })
	case "ServiceAccount":
		in.accounts[object.GetName()] = true
	case "CustomResourceDefinition":
		in.crdFiles = append(in.crdFiles, object)
		return decode(raw, func(d apiextensionsv1.CustomResourceDefinition) { in.crds = append(in.crds, d) })
	case "Role":
		return decode(raw, func(r rbacv1.Role) { in.roles[r.Name] = r })
	case "ClusterRole":
		return decode(raw, func(r rbacv1.ClusterRole) { in.clusterRoles[r.Name] = r })
	case "RoleBinding":
		return decode(raw, func(b rbacv1.RoleBinding) { in.roleBindings = append(in.roleBindings, b) })
	case "ClusterRoleBinding":
		return decode(raw, func(b rbacv1.ClusterRoleBinding) { in.clusterRoleBindings = append(in.clusterRoleBindings, b) })
	case "Configuration":
		in.scorecard = object
	default:
		in.others = append(in.others, object)
	}
	return nil
}

func decode[T any](raw []byte, keep func(T)) error {
	var object T
	if err := yaml.UnmarshalStrict(raw, &object); err != nil {
		return err
	}
	keep(object)
	return nil
}
