// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const edgeClass = `
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayClassParameters
metadata: {name: edge}
spec:
  deployment:
    podLabels: {team: edge}
    autoscaling: {minReplicas: 2, maxReplicas: 5}
    podDisruptionBudget: {minAvailable: 1}
  service: {type: ClusterIP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec:
  controllerName: kubera.dev/gateway-controller
  parametersRef: {group: gateway.kubera.dev, kind: GatewayClassParameters, name: edge}`

const edgeGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: edge
  infrastructure:
    labels: {cost-center: "42"}
    parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: web}
  listeners: [{name: http, port: 18080, protocol: HTTP}]`

func gatewayParameters(spec string) string {
	return "apiVersion: gateway.kubera.dev/v1alpha1\nkind: GatewayParameters\nmetadata: {name: web}\nspec: " + spec
}

var _ = Describe("Parameters", func() {
	It("of class and Gateway decide what is provisioned", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, "", edgeClass)
		apply(ctx, namespace, gatewayParameters(`{deployment: {podDisruptionBudget: {maxUnavailable: 1}}}`))
		apply(ctx, namespace, edgeGateway)
		key := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}

		By("merging them field by field")
		var autoscaler autoscalingv2.HorizontalPodAutoscaler
		Eventually(func() error { return k8s.Get(ctx, key, &autoscaler) }).Should(Succeed())
		Expect(*autoscaler.Spec.MinReplicas).To(BeEquivalentTo(2))
		Expect(autoscaler.Spec.MaxReplicas).To(BeEquivalentTo(5))
		var budget policyv1.PodDisruptionBudget
		Eventually(func() error { return k8s.Get(ctx, key, &budget) }).Should(Succeed())
		Expect(budget.Spec.MinAvailable).To(BeNil())
		Expect(budget.Spec.MaxUnavailable.IntValue()).To(Equal(1))
		var deployment appsv1.Deployment
		Expect(k8s.Get(ctx, key, &deployment)).To(Succeed())
		Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue("team", "edge"))
		Expect(deployment.Spec.Template.Labels).To(HaveKeyWithValue("cost-center", "42"))
		var service corev1.Service
		Expect(k8s.Get(ctx, key, &service)).To(Succeed())
		Expect(service.Spec.Type).To(Equal(corev1.ServiceTypeClusterIP))
		programmed(ctx, namespace, "web")

		By("deleting what is not wanted any more")
		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 1}}`))
		Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, key, &autoscaler)) }).Should(BeTrue())
		Eventually(func() int32 {
			Expect(k8s.Get(ctx, key, &deployment)).To(Succeed())
			return *deployment.Spec.Replicas
		}).Should(BeEquivalentTo(1))

		By("putting back what somebody changed")
		changed := deployment.DeepCopy()
		changed.Spec.Replicas = new(int32(0))
		Expect(k8s.Patch(ctx, changed, client.MergeFrom(&deployment))).To(Succeed())
		Eventually(func() int32 {
			Expect(k8s.Get(ctx, key, &deployment)).To(Succeed())
			return *deployment.Spec.Replicas
		}).Should(BeEquivalentTo(1))
		Expect(k8s.Delete(ctx, &budget)).To(Succeed())
		Eventually(func() error { return k8s.Get(ctx, key, &budget) }).Should(Succeed())
	}, SpecTimeout(specTimeout))

	It("leave proxies running while an autoscaler takes over", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		key := types.NamespacedName{Namespace: namespace, Name: "web-kubera"}
		var deployment appsv1.Deployment
		replicas := func() int32 {
			Expect(k8s.Get(ctx, key, &deployment)).To(Succeed())
			return *deployment.Spec.Replicas
		}
		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 3}}`))
		apply(ctx, namespace, strings.Replace(edgeGateway, "gatewayClassName: edge", "gatewayClassName: "+className, 1))
		programmed(ctx, namespace, "web")
		Expect(replicas()).To(BeEquivalentTo(3))

		By("keeping the number until there is another")
		apply(ctx, namespace, gatewayParameters(`{deployment: {autoscaling: {minReplicas: 2, maxReplicas: 5}, podLabels: {a: b}}}`))
		var autoscaler autoscalingv2.HorizontalPodAutoscaler
		Eventually(func() error { return k8s.Get(ctx, key, &autoscaler) }).Should(Succeed())
		Eventually(func() map[string]string {
			replicas()
			return deployment.Spec.Template.Labels
		}).Should(HaveKeyWithValue("a", "b"))
		Consistently(replicas).Should(BeEquivalentTo(3))

		By("the autoscaler setting it as it does")
		scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 2}}
		Expect(k8s.SubResource("scale").Update(ctx, &deployment, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager"))).To(Succeed())
		Consistently(replicas).Should(BeEquivalentTo(2))
		Eventually(func() []string {
			replicas()
			var owners []string
			for _, entry := range deployment.ManagedFields {
				if strings.Contains(entry.FieldsV1.GetRawString(), `"f:replicas"`) {
					owners = append(owners, entry.Manager)
				}
			}
			return owners
		}).Should(Equal([]string{"kube-controller-manager"}))
		apply(ctx, namespace, gatewayParameters(`{deployment: {autoscaling: {minReplicas: 2, maxReplicas: 5}, podLabels: {a: c}}}`))
		Eventually(func() map[string]string {
			replicas()
			return deployment.Spec.Template.Labels
		}).Should(HaveKeyWithValue("a", "c"))
		Expect(replicas()).To(BeEquivalentTo(2))
	}, SpecTimeout(specTimeout))

	It("that don't go together reject the Gateway and leave what runs", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, "", edgeClass)
		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 1}, service: {type: LoadBalancer}}`))
		apply(ctx, namespace, edgeGateway)
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")

		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 1, patch: {spec: {selector: {matchLabels: {a: b}}}}}}`))
		Eventually(condition(ctx, namespace, "web", "Accepted")).Should(Equal("False InvalidParameters"))
		Consistently(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))
	}, SpecTimeout(specTimeout))

	It("leave an object of the name alone that is not ours", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, "apiVersion: v1\nkind: Service\nmetadata: {name: web-kubera}\nspec: {ports: [{port: 1}]}")
		apply(ctx, namespace, gateway("web"))
		Eventually(warnings(ctx, namespace)).Should(ContainElement(And(ContainSubstring("NameTaken"), ContainSubstring("web-kubera"))))
		Eventually(gatewayCondition(ctx, namespace, "web", "Programmed")).Should(Equal(
			"False Invalid Service " + namespace + "/web-kubera exists and does not belong to this Gateway: delete or rename it"))
		var service corev1.Service
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web-kubera"}, &service)).To(Succeed())
		Expect(service.Spec.Ports[0].Port).To(BeEquivalentTo(1))
		Expect(service.OwnerReferences).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("that the API server refuses are reported with the object, and mended by others", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 1, tolerations: [{key: a, operator: Nonsense}]}}`))
		apply(ctx, namespace, strings.Replace(edgeGateway, "gatewayClassName: edge", "gatewayClassName: "+className, 1))
		Eventually(gatewayCondition(ctx, namespace, "web", "Programmed")).Should(And(
			HavePrefix("False Invalid "), ContainSubstring("Deployment "+namespace+"/web-kubera"),
			ContainSubstring("Nonsense"), ContainSubstring("change the parameters")))
		Expect(condition(ctx, namespace, "web", "Accepted")()).To(Equal("True Accepted"))
		Eventually(warnings(ctx, namespace)).Should(ContainElement(ContainSubstring("ObjectRefused")))

		apply(ctx, namespace, gatewayParameters(`{deployment: {replicas: 1, tolerations: [{key: a, operator: Exists}]}}`))
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))
})

var _ = DescribeTable("The API server refuses", func(ctx context.Context, kind, spec, message string) {
	namespace := newNamespace(ctx)
	u := parse(namespace, "apiVersion: gateway.kubera.dev/v1alpha1\nkind: "+kind+"\nmetadata: {name: wrong}\nspec: "+spec)[0]
	err := k8s.Create(ctx, u)
	Expect(apierrors.IsInvalid(err)).To(BeTrue(), "%v", err)
	Expect(strings.ReplaceAll(err.Error(), "\n", " ")).To(ContainSubstring(message))
},
	Entry("two bodies", "StaticResponseFilter", `{text: a, binary: YQ==}`, "text and binary exclude each other: remove one of them", SpecTimeout(specTimeout)),
	Entry("a body that can't be", "StaticResponseFilter", `{status: 204, text: a}`, "a response with status 204, 205 or 304 has no body", SpecTimeout(specTimeout)),
	Entry("nobody let in", "AccessControlFilter", `{}`, "at least one of allow and deny must be set", SpecTimeout(specTimeout)),
	Entry("what is no address", "AccessControlFilter", `{deny: [example.com]}`, "must be an IP address or a range such as 10.0.0.0/8", SpecTimeout(specTimeout)),
	Entry("two numbers of replicas", "GatewayParameters", `{deployment: {replicas: 2, autoscaling: {maxReplicas: 3}}}`, "replicas and autoscaling exclude each other", SpecTimeout(specTimeout)),
	Entry("a minimum above the maximum", "GatewayParameters", `{deployment: {autoscaling: {minReplicas: 4, maxReplicas: 3}}}`, "minReplicas is greater than maxReplicas", SpecTimeout(specTimeout)),
	Entry("fields of another type of Service", "GatewayParameters", `{service: {type: ClusterIP, loadBalancerClass: example.com/a}}`, "loadBalancerClass needs type LoadBalancer", SpecTimeout(specTimeout)),
	Entry("two sources of addresses", "GatewayParameters", `{proxy: {clientAddress: {header: X-Real-Ip, proxyProtocol: true}}}`, "header and proxyProtocol exclude each other", SpecTimeout(specTimeout)),
)
