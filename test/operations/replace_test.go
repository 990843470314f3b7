// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubera-dev/kubera/internal/infra"
)

func replacing() {
	It("loses nothing with the controller's", func(ctx context.Context) {
		losesNothing(func() {
			restart(ctx, systemNamespace, controllerName, controllers)
			follows(ctx, "after the controller")
		})
		settled(ctx)
	}, NodeTimeout(specTimeout))

	It("loses nothing with the proxies", func(ctx context.Context) {
		losesNothing(func() {
			restart(ctx, namespace, infra.Name(gatewayName), proxies)
			follows(ctx, "after the proxies")
		})
		programmed(ctx)
	}, NodeTimeout(specTimeout))

	for _, name := range []string{"polite", "plain", "abrupt"} {
		It("loses nothing with the backends that are "+name, func(ctx context.Context) {
			losesNothing(func() {
				restart(ctx, namespace, name, func(ctx context.Context) []corev1.Pod { return backendPods(ctx, name) })
			})
		}, NodeTimeout(specTimeout))
	}

	It("loses nothing when a node is drained", func(ctx context.Context) {
		losesNothing(func() {
			for _, pod := range slices.Concat(proxies(ctx), backendPods(ctx, "polite"), controllers(ctx)) {
				evict(ctx, pod)
			}
			settled(ctx)
			follows(ctx, "after the drain")
		})
		programmed(ctx)
	}, NodeTimeout(specTimeout))
}

// evict asks until the pod may go, as kubectl drain does, and waits until it has.
func evict(ctx context.Context, pod corev1.Pod) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		err := clientset.PolicyV1().Evictions(pod.Namespace).Evict(ctx, &policyv1.Eviction{
			ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		})
		if apierrors.IsNotFound(err) {
			return
		}
		g.Expect(err).NotTo(HaveOccurred()) // of a budget that has nothing left, for example
	}).WithContext(ctx).Should(Succeed())
	Eventually(func() bool {
		now, err := clientset.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err) || err == nil && now.UID != pod.UID
	}).WithContext(ctx).Should(BeTrue(), "%s is still there", pod.Name)
}
