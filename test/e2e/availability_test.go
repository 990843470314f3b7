// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/test/hello"
)

var _ = Describe("The replicas of the controller", func() {
	available := func(ctx context.Context) {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			var deployment appsv1.Deployment
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: controllerName}, &deployment)).To(Succeed())
			g.Expect(*deployment.Spec.Replicas).To(BeEquivalentTo(2))
			g.Expect(deployment.Status.ReadyReplicas).To(BeEquivalentTo(2))
			g.Expect(controllerPods(ctx)).To(HaveLen(2))
		}).WithContext(ctx).Should(Succeed())
	}

	It("are two, both ready, drained one by one", func(ctx context.Context) {
		available(ctx)
		for _, pod := range controllerPods(ctx) {
			Expect(*pod.Spec.Priority).To(BeEquivalentTo(1000000))
			Expect(*pod.Spec.PreemptionPolicy).To(BeEquivalentTo("Never"))
		}
		Eventually(func(g Gomega) {
			var budget policyv1.PodDisruptionBudget
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: controllerName}, &budget)).To(Succeed())
			g.Expect(budget.Status.ExpectedPods).To(BeEquivalentTo(2))
			g.Expect(budget.Status.DisruptionsAllowed).To(BeEquivalentTo(1))
		}).WithContext(ctx).Should(Succeed())
	}, NodeTimeout(specTimeout))

	for _, end := range []struct {
		how     string
		options []client.DeleteOption
	}{
		{"is told to end", nil},
		{"is gone at once, and its Lease with nobody who gives it up", []client.DeleteOption{client.GracePeriodSeconds(0)}},
	} {
		It("take over when the leader "+end.how, func(ctx context.Context) {
			available(ctx)
			namespace := newNamespace(ctx)
			apply(ctx, namespace, hello.Gateway(80)+hello.Route)
			programmed(ctx, namespace, "web")
			deleted := leader(ctx)
			for _, pod := range controllerPods(ctx) {
				if pod.Name == deleted {
					Expect(k8s.Delete(ctx, &pod, end.options...)).To(Succeed())
				}
			}
			apply(ctx, namespace, hello.Gateway(8080))
			serves(ctx, namespace, 8080)
			Expect(leader(ctx)).NotTo(Equal(deleted))
			available(ctx)
		}, NodeTimeout(specTimeout))
	}
})

// leader is the name of the pod that leads.
func leader(ctx context.Context) string {
	GinkgoHelper()
	var leases coordinationv1.LeaseList
	Expect(k8s.List(ctx, &leases, client.InNamespace(systemNamespace))).To(Succeed())
	Expect(leases.Items).To(HaveLen(1))
	Expect(leases.Items[0].Spec.HolderIdentity).NotTo(BeNil())
	pod, _, _ := strings.Cut(*leases.Items[0].Spec.HolderIdentity, "_")
	return pod
}
