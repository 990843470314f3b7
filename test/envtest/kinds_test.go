// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// child gives an object of a kind that names the Gateway web.
func child(kind, spec string) string {
	return "apiVersion: gateway.networking.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: child}\nspec: " + spec
}

// childConditions gives the conditions of the first parent in a status, or, of a
// kind that has none, those of the status itself. ours says who wrote them.
func childConditions(ctx context.Context, u *unstructured.Unstructured) (conditions map[string]string, ours bool) {
	GinkgoHelper()
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(u), u)).To(Succeed())
	status, _, err := unstructured.NestedMap(u.Object, "status")
	Expect(err).NotTo(HaveOccurred())
	if parents, ok := status["parents"].([]any); ok {
		if len(parents) == 0 {
			return nil, false
		}
		status, ok = parents[0].(map[string]any)
		Expect(ok).To(BeTrue())
		Expect(status["controllerName"]).To(Equal("kubera.dev/gateway-controller"))
	}
	list, _, err := unstructured.NestedSlice(status, "conditions")
	Expect(err).NotTo(HaveOccurred())
	conditions = map[string]string{}
	for _, item := range list {
		c, ok := item.(map[string]any)
		Expect(ok).To(BeTrue())
		conditions[c["type"].(string)] = c["status"].(string) + " " + c["reason"].(string)
	}
	return conditions, len(list) > 0
}

var _ = DescribeTable("What no listener takes is told so", func(ctx context.Context, kind, spec string, want map[string]string, leaves bool) {
	namespace := newNamespace(ctx)
	apply(ctx, namespace, gateway("web"))
	apply(ctx, namespace, child(kind, spec))
	u := parse(namespace, child(kind, spec))[0]
	for typ, value := range want {
		Eventually(func() string {
			conditions, _ := childConditions(ctx, u)
			return conditions[typ]
		}).Should(Equal(value), "%s of a %s", typ, kind)
	}

	By("nothing else being held up")
	apply(ctx, namespace, staticResponse("hello", "served"))
	apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
	programmed(ctx, namespace, "web")
	Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))
	g := &gwv1.Gateway{}
	Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, g)).To(Succeed())
	Expect(g.Status.Listeners[0].AttachedRoutes).To(BeEquivalentTo(1))
	if !leaves {
		return
	}
	By("losing the entry with the Gateway")
	Expect(k8s.Delete(ctx, g)).To(Succeed())
	Eventually(func() bool {
		_, ours := childConditions(ctx, u)
		return ours
	}).Should(BeFalse())
},
	Entry("a TLSRoute", "TLSRoute", `{parentRefs: [{name: web}], hostnames: [a.example.com], rules: [{backendRefs: [{name: missing, port: 80}]}]}`,
		map[string]string{"Accepted": "False NotAllowedByListeners", "ResolvedRefs": "False BackendNotFound"}, true, SpecTimeout(specTimeout)),
	Entry("a TCPRoute", "TCPRoute", `{parentRefs: [{name: web}], rules: [{backendRefs: [{name: missing, port: 80}]}]}`,
		map[string]string{"Accepted": "False NotAllowedByListeners", "ResolvedRefs": "False BackendNotFound"}, true, SpecTimeout(specTimeout)),
	Entry("a UDPRoute", "UDPRoute", `{parentRefs: [{name: web}], rules: [{backendRefs: [{name: missing, port: 80}]}]}`,
		map[string]string{"Accepted": "False NotAllowedByListeners", "ResolvedRefs": "False BackendNotFound"}, true, SpecTimeout(specTimeout)),
	Entry("a ListenerSet of a Gateway that allows none", "ListenerSet", `{parentRef: {name: web}, listeners: [{name: more, port: 81, protocol: HTTP}]}`,
		map[string]string{"Accepted": "False NotAllowed", "Programmed": "False NotAllowed"}, false, SpecTimeout(specTimeout)),
)

var _ = It("A GRPCRoute is attached, and says which backend is missing", func(ctx context.Context) {
	namespace := newNamespace(ctx)
	apply(ctx, namespace, gateway("web"))
	child := child("GRPCRoute", `{parentRefs: [{name: web}], rules: [{backendRefs: [{name: missing, port: 80}]}]}`)
	apply(ctx, namespace, child)
	u := parse(namespace, child)[0]
	Eventually(func() map[string]string {
		conditions, _ := childConditions(ctx, u)
		return conditions
	}).Should(And(HaveKeyWithValue("Accepted", "True Accepted"), HaveKeyWithValue("ResolvedRefs", "False BackendNotFound")))
	Eventually(func(g Gomega) {
		gw := &gwv1.Gateway{}
		g.Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, gw)).To(Succeed())
		g.Expect(gw.Status.Listeners).To(HaveLen(1))
		g.Expect(gw.Status.Listeners[0].AttachedRoutes).To(BeEquivalentTo(1))
	}).Should(Succeed())
}, SpecTimeout(specTimeout))
