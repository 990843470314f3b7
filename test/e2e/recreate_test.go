// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/test/hello"
)

const rounds = 20

var _ = Describe("A Gateway that is deleted and comes again at once", func() {
	for _, test := range []struct {
		how    string
		policy metav1.DeletionPropagation
		rounds int
	}{
		{"in the background", metav1.DeletePropagationBackground, rounds},
		// Each lasts as long as a proxy takes to end.
		{"in the foreground", metav1.DeletePropagationForeground, 4},
	} {
		It("ends right each time, deleted "+test.how, func(ctx context.Context) {
			namespace := newNamespace(ctx)
			apply(ctx, namespace, hello.Gateway(8000)+hello.Route)
			programmed(ctx, namespace, "web")
			for round := range test.rounds {
				replace(ctx, namespace, test.policy, 8001+round)
				serves(ctx, namespace, 8001+round)
			}
		}, NodeTimeout(specTimeout))
	}

	It("ends right after many times without a pause", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, hello.Gateway(8000)+hello.Route)
		programmed(ctx, namespace, "web")
		for round := range rounds {
			replace(ctx, namespace, metav1.DeletePropagationBackground, 8001+round)
		}
		serves(ctx, namespace, 8000+rounds)
	}, NodeTimeout(specTimeout))
})

// replace deletes the Gateway, and makes another one as soon as the API server lets.
func replace(ctx context.Context, namespace string, policy metav1.DeletionPropagation, port int) {
	GinkgoHelper()
	before := &gwv1.Gateway{}
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "web"}, before)).To(Succeed())
	Expect(k8s.Delete(ctx, before.DeepCopy(), client.PropagationPolicy(policy))).To(Succeed())
	after := &gwv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"},
		Spec:       before.Spec,
	}
	after.Spec.Listeners[0].Port = gwv1.PortNumber(port)
	Eventually(func() error { return k8s.Create(ctx, after.DeepCopy()) }).WithContext(ctx).WithPolling(pollFast).Should(Succeed())
}

// serves expects the Gateway to be served by objects of its own, at its port, and by
// no others.
func serves(ctx context.Context, namespace string, port int) {
	GinkgoHelper()
	gateway := programmed(ctx, namespace, "web")
	Eventually(exchange{gateway: gateway, port: port, path: "/"}.answer).WithContext(ctx).Should(Equal(hello.Answer))
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.SecretList{}} {
		Expect(owners(ctx, namespace, list)).To(HaveEach(gateway.UID))
	}
	Expect(gateway.Status.Listeners).To(HaveLen(1))
	Expect(gateway.Status.Listeners[0].AttachedRoutes).To(Equal(int32(1)))
}
