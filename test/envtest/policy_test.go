// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func backendTLSPolicy(name, service string) string {
	return `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: ` + name + `}
spec:
  targetRefs: [{group: "", kind: Service, name: ` + service + `}]
  validation: {hostname: echo.example.com, wellKnownCACertificates: System}`
}

// parentCondition gives "STATUS REASON MESSAGE" of the first parent of an
// HTTPRoute, or nothing.
func parentCondition(ctx context.Context, namespace, route, typ string) func() string {
	return func() string {
		r := &gwv1.HTTPRoute{}
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: route}, r)).To(Succeed())
		if len(r.Status.Parents) == 0 {
			return ""
		}
		return inWords(r.Status.Parents[0].Conditions, typ)
	}
}

func inWords(conditions []metav1.Condition, typ string) string {
	c := meta.FindStatusCondition(conditions, typ)
	if c == nil {
		return ""
	}
	return strings.Join([]string{string(c.Status), c.Reason, c.Message}, " ")
}

var _ = Describe("A BackendTLSPolicy", func() {
	It("closes what it protects, since TLS to backends is not spoken", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, serviceWithEndpoints("echo", backend("one")))
		apply(ctx, namespace, serviceWithEndpoints("plain", backend("two")))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("echo", "web", "/echo", "echo"))
		apply(ctx, namespace, route("plain", "web", "/plain", "plain"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/echo")).Should(Equal("200 one /echo"))

		By("appearing, with the word of another controller in its status")
		apply(ctx, namespace, backendTLSPolicy("secure", "echo"))
		policy := &gwv1.BackendTLSPolicy{}
		key := types.NamespacedName{Namespace: namespace, Name: "secure"}
		Expect(k8s.Get(ctx, key, policy)).To(Succeed())
		theirs := gwv1.PolicyAncestorStatus{
			AncestorRef: gwv1.ParentReference{Name: "web"}, ControllerName: "example.com/other",
			Conditions: []metav1.Condition{{
				Type: "Accepted", Status: metav1.ConditionTrue, Reason: "TheirReason", LastTransitionTime: metav1.Now(),
			}},
		}
		changed := policy.DeepCopy()
		changed.Status.Ancestors = append([]gwv1.PolicyAncestorStatus{theirs}, changed.Status.Ancestors...)
		Expect(k8s.Status().Patch(ctx, changed, client.MergeFrom(policy))).To(Succeed())

		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("500 "))
		Expect(get(ctx, namespace, "web", "/plain")()).To(Equal("200 two /plain"))
		Eventually(parentCondition(ctx, namespace, "echo", "ResolvedRefs")).Should(
			And(HavePrefix("False UnsupportedProtocol "), ContainSubstring("BackendTLSPolicy secure")))
		ancestors := func() []gwv1.PolicyAncestorStatus {
			Expect(k8s.Get(ctx, key, policy)).To(Succeed())
			return policy.Status.Ancestors
		}
		Eventually(ancestors).Should(HaveLen(2))
		Expect(policy.Status.Ancestors[0].ControllerName).To(BeEquivalentTo("example.com/other"))
		Expect(policy.Status.Ancestors[0].Conditions[0].Reason).To(Equal("TheirReason"))
		Expect(policy.Status.Ancestors[1].AncestorRef.Name).To(BeEquivalentTo("web"))
		Expect(inWords(policy.Status.Ancestors[1].Conditions, "Accepted")).To(HavePrefix("False Invalid "))

		By("being for another Service")
		apply(ctx, namespace, backendTLSPolicy("secure", "plain"))
		Eventually(get(ctx, namespace, "web", "/plain")).Should(HavePrefix("500 "))
		Eventually(get(ctx, namespace, "web", "/echo")).Should(Equal("200 one /echo"))
		By("being for none that is used")
		apply(ctx, namespace, backendTLSPolicy("secure", "unused"))
		Eventually(get(ctx, namespace, "web", "/plain")).Should(Equal("200 two /plain"))
		Eventually(ancestors).Should(HaveLen(1))
		Expect(policy.Status.Ancestors[0].ControllerName).To(BeEquivalentTo("example.com/other"))

		By("going")
		apply(ctx, namespace, backendTLSPolicy("secure", "echo"))
		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("500 "))
		Expect(k8s.Delete(ctx, policy)).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/echo")).Should(Equal("200 one /echo"))
		Eventually(parentCondition(ctx, namespace, "echo", "ResolvedRefs")).Should(HavePrefix("True "))
	}, SpecTimeout(specTimeout))
})
