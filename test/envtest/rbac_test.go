// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// operatorUser is who the operator is in all specs: somebody with the roles of
// config/rbac and no more.
const operatorUser = "kubera-controller"

// restrictedOperator makes that user, and writes its kubeconfig.
func restrictedOperator(ctx context.Context, environment *envtest.Environment) (config *rest.Config, kubeconfig string) {
	GinkgoHelper()
	user, err := environment.AddUser(envtest.User{Name: operatorUser}, environment.Config)
	Expect(err).NotTo(HaveOccurred())
	for _, file := range []string{"role.yaml", "leader_election_role.yaml", "metrics_auth_role.yaml"} {
		documents, err := os.ReadFile(filepath.Join(root(), "config", "rbac", file))
		Expect(err).NotTo(HaveOccurred())
		for _, role := range parse("", string(documents)) {
			if role.GetKind() == "Role" {
				role.SetNamespace(systemNamespace)
			}
			Expect(k8s.Create(ctx, role)).To(Succeed())
			Expect(k8s.Create(ctx, binding(role))).To(Succeed())
		}
	}
	data, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	kubeconfig = filepath.Join(GinkgoT().TempDir(), "operator.kubeconfig")
	Expect(os.WriteFile(kubeconfig, data, 0o600)).To(Succeed())
	return user.Config(), kubeconfig
}

func binding(role client.Object) client.Object {
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: role.GetObjectKind().GroupVersionKind().Kind, Name: role.GetName()}
	meta := metav1.ObjectMeta{Name: role.GetName(), Namespace: role.GetNamespace()}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: operatorUser}}
	if ref.Kind == "ClusterRole" {
		return &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}
	}
	return &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: subjects}
}
