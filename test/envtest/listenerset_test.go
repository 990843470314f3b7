// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// moreHost is a hostname that the Gateway does not have.
const moreHost = "more.example.com"

// listenerSet gives a ListenerSet of the Gateway web with one listener, and what else
// the listener has.
func listenerSet(more string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: set}
spec:
  parentRef: {name: web}
  listeners:
  - {name: more, port: %d, protocol: HTTP%s}`, listenerPort, more)
}

// gatewayThatAllows gives the Gateway web with ListenerSets from namespaces.
func gatewayThatAllows(from string) string {
	return strings.Replace(gateway("web"), "spec:", "spec:\n  allowedListeners: {namespaces: {from: "+from+"}}", 1)
}

var _ = Describe("A ListenerSet", func() {
	It("brings listeners with routes of their own, and takes them along", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		key := types.NamespacedName{Namespace: namespace, Name: "set"}
		says := func(typ string) func() string {
			return func() string {
				set := &gwv1.ListenerSet{}
				Expect(k8s.Get(ctx, key, set)).To(Succeed())
				return inWords(set.Status.Conditions, typ)
			}
		}
		parents := func() []string {
			r := &gwv1.HTTPRoute{}
			Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "hello"}, r)).To(Succeed())
			var out []string
			for _, p := range r.Status.Parents {
				out = append(out, string(*p.ParentRef.Kind)+" "+string(p.ParentRef.Name)+" "+inWords(p.Conditions, "Accepted"))
			}
			return out
		}
		attached := func() int32 {
			g := &gwv1.Gateway{}
			Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, g)).To(Succeed())
			if g.Status.AttachedListenerSets == nil {
				return -1
			}
			return *g.Status.AttachedListenerSets
		}

		By("coming before its Gateway, with a route")
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, listenerSet(""))
		apply(ctx, namespace, strings.Replace(route("hello", "set", "/", "filter/hello"), "{name: set}", "{kind: ListenerSet, name: set}", 1))
		apply(ctx, namespace, gatewayThatAllows("Same"))
		programmed(ctx, namespace, "web")
		Eventually(says("Accepted")).Should(HavePrefix("False ListenersNotValid "))
		Expect(attached()).To(BeZero())

		By("having a hostname that the Gateway does not have")
		ip := nodes.proxies(namespace, "web")[0].ip
		apply(ctx, namespace, listenerSet(", hostname: "+moreHost))
		Eventually(says("Programmed")).Should(HavePrefix("True Programmed "))
		Eventually(attached).Should(BeEquivalentTo(1))
		Eventually(parents).Should(ConsistOf(HavePrefix("ListenerSet set True Accepted ")))
		asked := func(host string) func() (string, error) {
			return func() (string, error) { return requestHost(ctx, ip, host, "/") }
		}
		Eventually(asked(moreHost)).Should(Equal("200 served"))
		Expect(asked("other.example.com")()).To(HavePrefix("404 "))

		By("not being allowed any more")
		apply(ctx, namespace, gatewayThatAllows("None"))
		Eventually(says("Programmed")).Should(HavePrefix("False NotAllowed "))
		Eventually(asked(moreHost)).Should(HavePrefix("404 "))
		Eventually(parents).Should(ConsistOf(HavePrefix("ListenerSet set False NoMatchingParent ")))
		apply(ctx, namespace, gatewayThatAllows("Same"))
		Eventually(says("Programmed")).Should(HavePrefix("True Programmed "))

		By("going")
		Expect(k8s.Delete(ctx, &gwv1.ListenerSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "set"}})).To(Succeed())
		Eventually(parents).Should(BeEmpty())
		Eventually(attached).Should(BeZero())
		Eventually(asked(moreHost)).Should(HavePrefix("404 "))

		By("staying behind")
		apply(ctx, namespace, listenerSet(", hostname: "+moreHost))
		Eventually(says("Programmed")).Should(HavePrefix("True Programmed "))
		Expect(k8s.Delete(ctx, &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}})).To(Succeed())
		Eventually(says("Programmed")).Should(HavePrefix("Unknown Pending "))
		Eventually(parents).Should(BeEmpty())
	}, SpecTimeout(specTimeout))
})
