// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// letIn are the ports at which a policy lets everybody in, as "PORT/PROTOCOL".
func letIn(policy *networkingv1.NetworkPolicy) []string {
	var ports []string
	for _, rule := range policy.Spec.Ingress {
		if len(rule.From) > 0 {
			continue
		}
		for _, p := range rule.Ports {
			ports = append(ports, p.Port.String()+"/"+string(*p.Protocol))
		}
	}
	return ports
}

var _ = Describe("The NetworkPolicy of proxies", func() {
	const parametersRef = "  infrastructure: {parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: web}}\n  listeners:"
	const second = "\n  - {name: second, port: 18081, protocol: HTTP}"
	with := strings.Replace(gateway("web"), "  listeners:", parametersRef, 1)

	It("follows the listeners", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		key := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}
		policy := &networkingv1.NetworkPolicy{}
		ports := func() []string {
			Expect(client.IgnoreNotFound(k8s.Get(ctx, key, policy))).To(Succeed())
			return letIn(policy)
		}
		apply(ctx, namespace, gatewayParameters(`{deployment: {drain: {timeout: 0s}}}`))
		apply(ctx, namespace, with)
		programmed(ctx, namespace, "web")
		Expect(ports()).To(ConsistOf("18080/TCP"))

		By("leaving a port open for what it still has of connections")
		apply(ctx, namespace, with+second)
		programmed(ctx, namespace, "web")
		Expect(ports()).To(ConsistOf("18080/TCP", "18081/TCP"))
		apply(ctx, namespace, with)
		programmed(ctx, namespace, "web")
		Consistently(ports).Should(ConsistOf("18080/TCP", "18081/TCP"))

		By("being put back when somebody changes or deletes it")
		changed := policy.DeepCopy()
		changed.Spec.Ingress = nil
		Expect(k8s.Patch(ctx, changed, client.MergeFrom(policy))).To(Succeed())
		Eventually(ports).Should(ConsistOf("18080/TCP", "18081/TCP"))
		Expect(k8s.Delete(ctx, policy)).To(Succeed())
		Eventually(func() error { return k8s.Get(ctx, key, policy) }).Should(Succeed())

		By("going when it is not wanted")
		apply(ctx, namespace, gatewayParameters(`{networkPolicy: {enabled: false}}`))
		Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, key, policy)) }).Should(BeTrue())
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))

	It("lets a new port through before clients are sent there", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, gateway("web"))
		programmed(ctx, namespace, "web")

		apply(ctx, namespace, gateway("web")+second)
		programmed(ctx, namespace, "web")
		key := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}
		policy, service := &networkingv1.NetworkPolicy{}, &corev1.Service{}
		Expect(k8s.Get(ctx, key, policy)).To(Succeed())
		Expect(k8s.Get(ctx, key, service)).To(Succeed())
		Expect(letIn(policy)).To(HaveLen(2))
		Expect(service.Spec.Ports).To(HaveLen(2))
		// Versions are numbers that grow with each write to the cluster.
		older, err := resourceversion.CompareResourceVersion(policy.ResourceVersion, service.ResourceVersion)
		Expect(err).NotTo(HaveOccurred())
		Expect(older).To(BeNumerically("<", 0), "the Service was written first")
	}, SpecTimeout(specTimeout))

	It("is taken back by a controller that is to make none", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, gateway("web"))
		programmed(ctx, namespace, "web")
		key, policy := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}, &networkingv1.NetworkPolicy{}
		Expect(k8s.Get(ctx, key, policy)).To(Succeed())

		inProcess.stop()
		process := startProcess("--network-policies=false")
		DeferCleanup(func() {
			Expect(process.Process.Signal(syscall.SIGTERM)).To(Succeed())
			Expect(process.Wait()).To(Succeed())
			inProcess = startOperator()
		})
		Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, key, policy)) }).Should(BeTrue())
	}, SpecTimeout(specTimeout))
})
