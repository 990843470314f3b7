// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/internal/infra"
)

// pods are those with the labels, in the order of their names; also those that end.
func pods(ctx context.Context, namespace string, labels client.MatchingLabels) []corev1.Pod {
	GinkgoHelper()
	var list corev1.PodList
	Expect(k8s.List(ctx, &list, client.InNamespace(namespace), labels)).To(Succeed())
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return list.Items
}

func proxies(ctx context.Context) []corev1.Pod {
	return pods(ctx, namespace, infra.Selector(gatewayName))
}

func controllers(ctx context.Context) []corev1.Pod {
	return pods(ctx, systemNamespace, client.MatchingLabels{"control-plane": "controller-manager"})
}

func backendPods(ctx context.Context, name string) []corev1.Pod {
	return pods(ctx, namespace, client.MatchingLabels{"app": name})
}

func isReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp.IsZero() && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// settled waits until there are as many proxies and controllers as should be, all ready,
// and none that is about to end.
func settled(ctx context.Context) {
	GinkgoHelper()
	for _, list := range []func(context.Context) []corev1.Pod{proxies, controllers} {
		Eventually(func() []bool {
			var ready []bool
			for _, pod := range list(ctx) {
				ready = append(ready, isReady(pod))
			}
			return ready
		}).WithContext(ctx).Should(Equal([]bool{true, true}))
	}
}

// rolledOut waits until a Deployment is, and the pods of before have ended.
func rolledOut(ctx context.Context, name string) {
	GinkgoHelper()
	kubectl(ctx, "rollout", "status", "deployment", name, "--timeout=3m")
}

// restart replaces the pods of a Deployment one after the other, as a new image does.
func restart(ctx context.Context, namespace, name string, list func(context.Context) []corev1.Pod) {
	GinkgoHelper()
	before := map[string]bool{}
	for _, pod := range list(ctx) {
		before[string(pod.UID)] = true
	}
	kubectl(ctx, "--namespace="+namespace, "rollout", "restart", "deployment", name)
	kubectl(ctx, "--namespace="+namespace, "rollout", "status", "deployment", name, "--timeout=3m")
	Eventually(func() bool {
		return !slices.ContainsFunc(list(ctx), func(p corev1.Pod) bool { return before[string(p.UID)] })
	}).WithContext(ctx).Should(BeTrue(), "pods of before are still there")
}

// kill ends the container of a pod that is no sidecar, as the kernel does that is out of
// memory, and returns when.
func kill(ctx context.Context, pod corev1.Pod) time.Time {
	GinkgoHelper()
	return killContainer(ctx, pod.Status.ContainerStatuses[0])
}

// killStore does the same to the descriptor store of a proxy.
func killStore(ctx context.Context, pod corev1.Pod) {
	GinkgoHelper()
	Expect(pod.Status.InitContainerStatuses).To(HaveLen(1))
	killContainer(ctx, pod.Status.InitContainerStatuses[0])
}

func killContainer(ctx context.Context, container corev1.ContainerStatus) time.Time {
	GinkgoHelper()
	_, id, ok := strings.Cut(container.ContainerID, "://")
	Expect(ok).To(BeTrue())
	ctr := os.Getenv("CTR")
	Expect(ctr).NotTo(BeEmpty(), "CTR is not set: make test-operations sets it")
	testCluster(ctx, "run", "--", ctr, "--namespace=k8s.io", "task", "kill", "--signal=SIGKILL", id)
	return time.Now()
}

// comesBack waits until the container of a pod was started again and is ready.
func comesBack(ctx context.Context, pod corev1.Pod) {
	GinkgoHelper()
	comesBackBy(ctx, pod, func(now corev1.Pod) int32 { return now.Status.ContainerStatuses[0].RestartCount })
}

// storeComesBack waits until the descriptor store of a proxy was, and its pod is ready.
func storeComesBack(ctx context.Context, pod corev1.Pod) {
	GinkgoHelper()
	comesBackBy(ctx, pod, func(now corev1.Pod) int32 { return now.Status.InitContainerStatuses[0].RestartCount })
}

func comesBackBy(ctx context.Context, pod corev1.Pod, restarts func(corev1.Pod) int32) {
	GinkgoHelper()
	before := restarts(pod)
	Eventually(func(g Gomega) {
		var now corev1.Pod
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(&pod), &now)).To(Succeed())
		g.Expect(restarts(now)).To(BeNumerically(">", before))
		g.Expect(isReady(now)).To(BeTrue())
	}).WithContext(ctx).Should(Succeed())
}

// leader is the pod of the controller that leads, and the one that waits.
func leader(ctx context.Context) (leads, waits corev1.Pod) {
	GinkgoHelper()
	var leases coordinationv1.LeaseList
	Expect(k8s.List(ctx, &leases, client.InNamespace(systemNamespace))).To(Succeed())
	Expect(leases.Items).To(HaveLen(1))
	holder := leases.Items[0].Spec.HolderIdentity
	Expect(holder).NotTo(BeNil())
	for _, pod := range controllers(ctx) {
		// The identity is the host's name, and something random.
		if strings.HasPrefix(*holder, pod.Name+"_") {
			leads = pod
		} else {
			waits = pod
		}
	}
	Expect(leads.Name).NotTo(BeEmpty(), "%s is no pod", *holder)
	Expect(waits.Name).NotTo(BeEmpty())
	return leads, waits
}
