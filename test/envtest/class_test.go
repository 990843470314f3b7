// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"

	"github.com/kubera-dev/kubera/internal/infra"
)

// ofClass gives the Gateway web with another class.
func ofClass(class string) string {
	return strings.Replace(gateway("web"), "gatewayClassName: "+className, "gatewayClassName: "+class, 1)
}

var _ = Describe("The class of a Gateway", func() {
	It("decides who has its objects", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, "", gatewayClass("foreign", "example.com/other"))
		apply(ctx, namespace, gatewayParameters(`{deployment: {autoscaling: {maxReplicas: 3}}}`))
		withParameters := func(class string) string {
			return strings.Replace(ofClass(class), "  listeners:",
				"  infrastructure: {parametersRef: {group: gateway.kubera.dev, kind: GatewayParameters, name: web}}\n  listeners:", 1)
		}
		apply(ctx, namespace, withParameters(className))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		apply(ctx, namespace, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-kubera}")
		programmed(ctx, namespace, "web")
		Expect(parentCondition(ctx, namespace, "hello", "Accepted")()).To(HavePrefix("True "))

		By("going over to another controller")
		apply(ctx, namespace, withParameters("foreign"))
		for _, object := range append(infra.Kinds(), &corev1.Secret{}) {
			key := types.NamespacedName{Namespace: namespace, Name: infra.Name("web")}
			if _, ok := object.(*corev1.Secret); ok {
				key.Name = infra.ControlSecretName("web")
			}
			o, ok := object.(client.Object)
			Expect(ok).To(BeTrue())
			Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, key, o)) }).Should(BeTrue(), "%T", object)
		}
		Eventually(parentCondition(ctx, namespace, "hello", "Accepted")).Should(BeEmpty())
		Eventually(func() int { return len(nodes.proxies(namespace, "web")) }).Should(BeZero())

		By("coming back")
		apply(ctx, namespace, withParameters(className))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))
	}, SpecTimeout(specTimeout))

	It("may come after it, and go", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, ofClass("late"))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		Consistently(func() int { return len(nodes.proxies(namespace, "web")) }).Should(BeZero())

		apply(ctx, "", gatewayClass("late", "kubera.dev/gateway-controller"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))

		By("being deleted, by mistake perhaps")
		class := &gwv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "late"}}
		Expect(k8s.Delete(ctx, class)).To(Succeed())
		apply(ctx, namespace, staticResponse("hello", "held"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 held"))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(class), class)).To(Succeed())
		Expect(class.Finalizers).To(ConsistOf(gwv1.GatewayClassFinalizerGatewaysExist))

		By("being deleted by force")
		Expect(k8s.Patch(ctx, class, client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`)))).To(Succeed())
		Eventually(parentCondition(ctx, namespace, "hello", "Accepted")).Should(BeEmpty())
		Consistently(get(ctx, namespace, "web", "/")).Should(Equal("200 held"))
		apply(ctx, "", gatewayClass("late", "kubera.dev/gateway-controller"))
		apply(ctx, namespace, staticResponse("hello", "changed"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 changed"))

		By("being deleted, and let go with its last Gateway")
		finalizers := func() []string {
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(class), class)).To(Succeed())
			return class.Finalizers
		}
		Eventually(finalizers).Should(ConsistOf(gwv1.GatewayClassFinalizerGatewaysExist))
		Expect(k8s.Delete(ctx, class)).To(Succeed())
		Expect(k8s.Delete(ctx, &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}})).To(Succeed())
		Eventually(func() bool { return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(class), class)) }).Should(BeTrue())
	}, SpecTimeout(specTimeout))

	It("says whether the CRDs are of a version that is supported", func(ctx context.Context) {
		supported := func(ctx context.Context) string {
			var class gwv1.GatewayClass
			Expect(k8s.Get(ctx, types.NamespacedName{Name: className}, &class)).To(Succeed())
			c := meta.FindStatusCondition(class.Status.Conditions, "SupportedVersion")
			if c != nil && meta.IsStatusConditionTrue(class.Status.Conditions, "Accepted") {
				return string(c.Status) + " " + c.Reason
			}
			return ""
		}
		Eventually(supported).WithContext(ctx).Should(Equal("True SupportedVersion"))
		crd := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "httproutes.gateway.networking.k8s.io"}}
		crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		annotate := func(ctx context.Context, version string) {
			patch := fmt.Sprintf(`{"metadata": {"annotations": {%q: %q}}}`, consts.BundleVersionAnnotation, version)
			Expect(k8s.Patch(ctx, crd, client.RawPatch(types.MergePatchType, []byte(patch)))).To(Succeed())
		}
		annotate(ctx, "v1.2.0")
		DeferCleanup(func(ctx context.Context) {
			annotate(ctx, consts.BundleVersion)
			Eventually(supported).WithContext(ctx).Should(Equal("True SupportedVersion"))
		})
		Eventually(supported).WithContext(ctx).Should(Equal("False UnsupportedVersion"))
	}, SpecTimeout(specTimeout))
})
