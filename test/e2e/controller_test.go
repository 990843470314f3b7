// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/test/hello"
)

var _ = Describe("The controller", func() {
	It("has the roles of config/rbac and no others", func(ctx context.Context) {
		pods := controllerPods(ctx)
		Expect(pods).NotTo(BeEmpty())
		for _, pod := range pods {
			Expect(pod.Spec.ServiceAccountName).To(Equal(controllerName))
		}
		want := map[string][]rbacv1.PolicyRule{}
		for _, file := range []string{"role.yaml", "leader_election_role.yaml", "metrics_auth_role.yaml"} {
			content, err := os.ReadFile(filepath.Join(root(), "config", "rbac", file))
			Expect(err).NotTo(HaveOccurred())
			for _, object := range parse(string(content)) {
				var role rbacv1.ClusterRole
				Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role)).To(Succeed())
				want[object.GetKind()+" kubera-"+object.GetName()] = role.Rules
			}
		}
		Expect(bound(ctx)).To(Equal(want))
	}, NodeTimeout(specTimeout))

	It("is refused nothing", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		since := time.Now()
		apply(ctx, namespace, hello.Gateway(80)+hello.Route)
		programmed(ctx, namespace, "web")
		for _, pod := range controllerPods(ctx) {
			Expect(podLog(ctx, pod.Name, since)).NotTo(MatchRegexp(`is forbidden: User .* cannot`))
		}
	}, NodeTimeout(specTimeout))
})

func controllerPods(ctx context.Context) []corev1.Pod {
	GinkgoHelper()
	var list corev1.PodList
	Expect(k8s.List(ctx, &list, client.InNamespace(systemNamespace),
		client.MatchingLabels{"control-plane": "controller-manager"})).To(Succeed())
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return !p.DeletionTimestamp.IsZero() })
}

func podLog(ctx context.Context, pod string, since time.Time) string {
	GinkgoHelper()
	options := &corev1.PodLogOptions{SinceTime: &metav1.Time{Time: since}}
	text, err := logs.CoreV1().Pods(systemNamespace).GetLogs(pod, options).DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// bound are the rules of the roles that are bound to the controller's account, by
// "KIND NAME".
func bound(ctx context.Context) map[string][]rbacv1.PolicyRule {
	GinkgoHelper()
	rules := map[string][]rbacv1.PolicyRule{}
	var everywhere rbacv1.ClusterRoleBindingList
	Expect(k8s.List(ctx, &everywhere)).To(Succeed())
	for _, b := range everywhere.Items {
		if slices.ContainsFunc(b.Subjects, isController) {
			var role rbacv1.ClusterRole
			Expect(k8s.Get(ctx, client.ObjectKey{Name: b.RoleRef.Name}, &role)).To(Succeed())
			rules["ClusterRole "+role.Name] = role.Rules
		}
	}
	var within rbacv1.RoleBindingList
	Expect(k8s.List(ctx, &within)).To(Succeed())
	for _, b := range within.Items {
		if slices.ContainsFunc(b.Subjects, isController) {
			Expect(b.Namespace).To(Equal(systemNamespace))
			Expect(b.RoleRef.Kind).To(Equal("Role"))
			var role rbacv1.Role
			Expect(k8s.Get(ctx, client.ObjectKey{Namespace: b.Namespace, Name: b.RoleRef.Name}, &role)).To(Succeed())
			rules["Role "+role.Name] = role.Rules
		}
	}
	return rules
}

// isController tells of the account, and of the groups that hold no more than the
// accounts of this namespace.
func isController(s rbacv1.Subject) bool {
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		return s.Namespace == systemNamespace && s.Name == controllerName
	case rbacv1.GroupKind:
		return s.Name == "system:serviceaccounts:"+systemNamespace
	default:
		return false
	}
}
