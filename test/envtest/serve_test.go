// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os/exec"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// kubectlApply applies documents with kubectl, where there is one.
func kubectlApply(ctx context.Context, namespace, documents string) {
	GinkgoHelper()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		apply(ctx, namespace, documents)
		return
	}
	cmd := exec.CommandContext(ctx, kubectl, "--kubeconfig="+kubeconfig, "--namespace="+namespace, "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(documents)
	out, err := cmd.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
}

var _ = Describe("A Gateway and a route", func() {
	It("are served by a proxy in the Gateway's namespace", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		kubectlApply(ctx, namespace, strings.Join([]string{
			gateway("web"), route("echo", "web", "/echo", "echo"), serviceWithEndpoints("echo", backend("one")),
		}, "\n---\n"))

		By("provisioning objects that the Gateway owns")
		var deployment appsv1.Deployment
		var service corev1.Service
		key := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}
		Eventually(func() error { return k8s.Get(ctx, key, &deployment) }).Should(Succeed())
		Eventually(func() error { return k8s.Get(ctx, key, &service) }).Should(Succeed())
		Expect(service.Spec.Ports).To(HaveLen(1))
		Expect(service.Spec.Ports[0].Port).To(BeEquivalentTo(listenerPort))
		Expect(metav1.GetControllerOf(&deployment).Kind).To(Equal("Gateway"))
		Expect(*deployment.Spec.Template.Spec.AutomountServiceAccountToken).To(BeFalse())

		By("answering requests at the address in the status")
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/echo/a")).Should(Equal("200 one /echo/a"))
		Expect(get(ctx, namespace, "web", "/other")()).To(HavePrefix("404 "))

		By("reporting it")
		var g gwv1.Gateway
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, &g)).To(Succeed())
		Expect(g.Status.Listeners).To(HaveLen(1))
		Expect(g.Status.Listeners[0].AttachedRoutes).To(BeEquivalentTo(1))
		for _, c := range append(g.Status.Conditions, g.Status.Listeners[0].Conditions...) {
			Expect(c.ObservedGeneration).To(Equal(g.Generation), c.Type)
		}
		var r gwv1.HTTPRoute
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "echo"}, &r)).To(Succeed())
		Expect(r.Status.Parents).To(HaveLen(1))
		for _, c := range r.Status.Parents[0].Conditions {
			Expect(c.Status).To(Equal(metav1.ConditionTrue), c.Type)
			Expect(c.ObservedGeneration).To(Equal(r.Generation), c.Type)
		}
		Eventually(func() map[string]string {
			var class gwv1.GatewayClass
			Expect(k8s.Get(ctx, types.NamespacedName{Name: className}, &class)).To(Succeed())
			conditions := map[string]string{}
			for _, c := range class.Status.Conditions {
				conditions[c.Type] = string(c.Status)
			}
			return conditions
		}).Should(Equal(map[string]string{"Accepted": "True", "SupportedVersion": "True"}))

		By("writing nothing while nothing changes")
		version := g.ResourceVersion
		Consistently(func() string {
			Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, &g)).To(Succeed())
			return g.ResourceVersion
		}).Should(Equal(version))
	}, SpecTimeout(specTimeout))

	It("may have the longest names that objects can have", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		long := strings.Repeat("0.", 126) + "0"
		Expect(long).To(HaveLen(253))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, gateway(strconv.Quote(long)))
		apply(ctx, namespace, route(strconv.Quote(long), strconv.Quote(long), "/", "filter/hello"))
		programmed(ctx, namespace, long)
		Eventually(get(ctx, namespace, long, "/")).Should(Equal("200 served"))
		Eventually(parentCondition(ctx, namespace, long, "Accepted")).Should(HavePrefix("True "))
	}, SpecTimeout(specTimeout))
})
