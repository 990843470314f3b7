// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"net"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

var _ = Describe("A change", func() {
	It("of endpoints reaches proxies without a new configuration", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, serviceWithEndpoints("echo", backend("one")))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("echo", "web", "/", "echo"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 one /"))
		proxy := nodes.proxies(namespace, "web")[0]
		before, err := controlStatus(ctx, proxy, asController(ctx, namespace, "web"))
		Expect(err).NotTo(HaveOccurred())

		apply(ctx, namespace, endpointSlice("echo", backend("two")))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 two /"))
		after, err := controlStatus(ctx, proxy, asController(ctx, namespace, "web"))
		Expect(err).NotTo(HaveOccurred())
		Expect(after.Version).To(Equal(before.Version))
		Expect(after.EndpointsVersion).NotTo(Equal(before.EndpointsVersion))
	}, SpecTimeout(specTimeout))

	It("that a proxy refuses is reported, and the old configuration serves", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")

		By("taking the port of a new listener away from the proxy")
		var lc net.ListenConfig
		taken, err := lc.Listen(ctx, "tcp", net.JoinHostPort(nodes.proxies(namespace, "web")[0].ip, strconv.Itoa(listenerPort+1)))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { _ = taken.Close() }) // closed by the spec, if that gets far enough
		apply(ctx, namespace, strings.Replace(gateway("web"), "listeners:",
			"listeners:\n  - {name: other, port: "+strconv.Itoa(listenerPort+1)+", protocol: HTTP}", 1))
		Eventually(condition(ctx, namespace, "web", "Programmed")).Should(Equal("False Invalid"))
		Expect(condition(ctx, namespace, "web", "Accepted")()).To(Equal("True Accepted"))
		Eventually(warnings(ctx, namespace)).Should(ContainElement(ContainSubstring("ConfigurationRefused")))
		Consistently(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))

		By("giving it back")
		Expect(taken.Close()).To(Succeed())
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))

	It("of a Gateway that is deleted and made again leads to new objects", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		for range 2 {
			apply(ctx, namespace, gateway("web"))
			programmed(ctx, namespace, "web")
			Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))
			g := &gwv1.Gateway{}
			g.Namespace, g.Name = namespace, "web"
			Expect(k8s.Delete(ctx, g)).To(Succeed())
			Eventually(func() []gwv1.RouteParentStatus {
				r := &gwv1.HTTPRoute{}
				Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "hello"}, r)).To(Succeed())
				return r.Status.Parents
			}).Should(BeEmpty())
		}
		Eventually(func() int { return len(nodes.proxies(namespace, "web")) }).Should(BeZero())
	}, SpecTimeout(specTimeout))
})

var _ = Describe("What belongs to others", func() {
	It("is left alone", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, "", gatewayClass("foreign", "example.com/other"))
		apply(ctx, namespace, strings.Replace(gateway("theirs"), "gatewayClassName: "+className, "gatewayClassName: foreign", 1))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, strings.Replace(route("hello", "web", "/", "filter/hello"),
			"parentRefs: [{name: web}]", "parentRefs: [{name: theirs}, {name: web}]", 1))

		By("having the other controller's word in the route's status")
		key := types.NamespacedName{Namespace: namespace, Name: "hello"}
		r := &gwv1.HTTPRoute{}
		Expect(k8s.Get(ctx, key, r)).To(Succeed())
		theirs := gwv1.RouteParentStatus{
			ParentRef: r.Spec.ParentRefs[0], ControllerName: "example.com/other",
			Conditions: []metav1.Condition{{
				Type: "Accepted", Status: metav1.ConditionTrue, Reason: "TheirReason", LastTransitionTime: metav1.Now(),
			}},
		}
		changed := r.DeepCopy()
		changed.Status.Parents = []gwv1.RouteParentStatus{theirs}
		Expect(k8s.Status().Patch(ctx, changed, client.MergeFrom(r))).To(Succeed())

		apply(ctx, namespace, gateway("web"))
		programmed(ctx, namespace, "web")
		Eventually(func() int {
			Expect(k8s.Get(ctx, key, r)).To(Succeed())
			return len(r.Status.Parents)
		}).Should(Equal(2))
		Expect(r.Status.Parents[0].ControllerName).To(BeEquivalentTo("example.com/other"))
		Expect(r.Status.Parents[0].Conditions[0].Reason).To(Equal("TheirReason"))
		Expect(r.Status.Parents[1].ParentRef.Name).To(BeEquivalentTo("web"))

		By("being undone by one that writes without a lock")
		changed = r.DeepCopy()
		changed.Status.Parents = []gwv1.RouteParentStatus{theirs}
		Expect(k8s.Status().Patch(ctx, changed, client.MergeFrom(r))).To(Succeed())
		Eventually(func() int {
			Expect(k8s.Get(ctx, key, r)).To(Succeed())
			return len(r.Status.Parents)
		}).Should(Equal(2))

		Expect(nodes.proxies(namespace, "theirs")).To(BeEmpty())
		g := &gwv1.Gateway{}
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "theirs"}, g)).To(Succeed())
		for _, c := range g.Status.Conditions {
			Expect(c.Reason).To(Equal("Pending"), "the default of the CRD")
		}

		By("keeping it when our Gateway goes")
		ours := &gwv1.Gateway{}
		ours.Namespace, ours.Name = namespace, "web"
		Expect(k8s.Delete(ctx, ours)).To(Succeed())
		Eventually(func() int {
			Expect(k8s.Get(ctx, key, r)).To(Succeed())
			return len(r.Status.Parents)
		}).Should(Equal(1))
		Expect(r.Status.Parents[0].ControllerName).To(BeEquivalentTo("example.com/other"))
	}, SpecTimeout(specTimeout))
})
