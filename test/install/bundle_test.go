// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

var _ = Describe("The bundle", func() { comesAndGoes(&bundled{}) })

// bundled is the way of the Operator Lifecycle Manager, which is not in the test cluster:
// it makes what bundle/manifests says, in the order and with the additions of that.
type bundled struct {
	made []client.Object
}

func (b *bundled) Install(ctx context.Context) {
	version, others := readBundle()
	b.make(ctx, suggestedNamespace(version))
	for _, object := range others {
		if object.GetKind() == "CustomResourceDefinition" {
			b.make(ctx, object)
		}
	}
	for _, object := range others {
		if object.GetKind() != "CustomResourceDefinition" {
			if namespaced(object) {
				object.SetNamespace(systemNamespace)
			}
			b.make(ctx, object)
		}
	}
	install := version.Spec.Install.Spec
	for _, p := range install.Permissions {
		b.permit(ctx, p)
	}
	for _, p := range install.ClusterPermissions {
		b.permitEverywhere(ctx, p)
	}
	for _, d := range install.Deployments {
		b.deploy(ctx, version, d)
	}
}

// Remove does what docs/olm.md says, as one who has no Gateways any more.
func (b *bundled) Remove(ctx context.Context) {
	run(ctx, tool("KUBECTL"), "exec", "--namespace", systemNamespace, "deployment/"+controllerName, "--",
		"/kubera-controller", "cleanup", "--fail-if-served")
	for _, object := range slices.Backward(b.made) {
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, object))).To(Succeed())
	}
	deleteNamespace(ctx, systemNamespace)
}

// make has the server refuse fields that it does not know.
func (b *bundled) make(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, object, client.FieldValidation(metav1.FieldValidationStrict))).To(Succeed(), "%T %s", object, object.GetName())
	b.made = append(b.made, object)
}

// permit makes a ServiceAccount, and a Role and its binding in the namespace.
func (b *bundled) permit(ctx context.Context, p csv.Permissions) {
	GinkgoHelper()
	here := metav1.ObjectMeta{Name: p.ServiceAccountName, Namespace: systemNamespace}
	b.make(ctx, &corev1.ServiceAccount{ObjectMeta: here})
	b.make(ctx, &rbacv1.Role{ObjectMeta: here, Rules: p.Rules})
	b.make(ctx, &rbacv1.RoleBinding{
		ObjectMeta: here,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: here.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: here.Name, Namespace: here.Namespace}},
	})
}

// permitEverywhere makes a ClusterRole and its binding, with names that nobody has.
func (b *bundled) permitEverywhere(ctx context.Context, p csv.Permissions) {
	GinkgoHelper()
	name := metav1.ObjectMeta{Name: "kubera-bundle-" + p.ServiceAccountName}
	b.make(ctx, &rbacv1.ClusterRole{ObjectMeta: name, Rules: p.Rules})
	b.make(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: name,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: p.ServiceAccountName, Namespace: systemNamespace}},
	})
}

// deploy adds to every container the name of the version's OperatorCondition, and to the
// pods the annotations of the ClusterServiceVersion, as the lifecycle manager does.
func (b *bundled) deploy(ctx context.Context, version *csv.ClusterServiceVersion, d csv.Deployment) {
	GinkgoHelper()
	template := &d.Spec.Template
	for i := range template.Spec.Containers {
		c := &template.Spec.Containers[i]
		c.Env = append(c.Env, corev1.EnvVar{Name: "OPERATOR_CONDITION_NAME", Value: version.Name})
	}
	annotations := map[string]string{"olm.targetNamespaces": ""}
	maps.Copy(annotations, template.Annotations)
	maps.Copy(annotations, version.Annotations)
	template.Annotations = annotations
	b.make(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: d.Name, Namespace: systemNamespace, Labels: d.Label},
		Spec:       d.Spec,
	})
}

// suggestedNamespace is what consoles make of the annotation.
func suggestedNamespace(version *csv.ClusterServiceVersion) client.Object {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	text := version.Annotations["operatorframework.io/suggested-namespace-template"]
	Expect(yaml.UnmarshalStrict([]byte(text), namespace)).To(Succeed())
	Expect(namespace.Name).To(Equal(systemNamespace))
	return namespace
}

func namespaced(object client.Object) bool {
	GinkgoHelper()
	yes, err := k8s.IsObjectNamespaced(object)
	Expect(err).NotTo(HaveOccurred())
	return yes
}

// readBundle gives the manifests of this repository's bundle.
func readBundle() (*csv.ClusterServiceVersion, []*unstructured.Unstructured) {
	GinkgoHelper()
	files, err := filepath.Glob("../../bundle/manifests/*.yaml")
	Expect(err).NotTo(HaveOccurred())
	var version *csv.ClusterServiceVersion
	var others []*unstructured.Unstructured
	for _, file := range files {
		raw, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		object := &unstructured.Unstructured{}
		Expect(yaml.UnmarshalStrict(raw, &object.Object)).To(Succeed(), file)
		if object.GetKind() != csv.Kind {
			others = append(others, object)
			continue
		}
		version = &csv.ClusterServiceVersion{}
		Expect(yaml.UnmarshalStrict(raw, version)).To(Succeed(), file)
	}
	Expect(version).NotTo(BeNil())
	return version, others
}
