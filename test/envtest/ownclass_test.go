// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// acceptedClass gives the UID of the class that comes with the operator, as soon as it
// is accepted.
func acceptedClass(ctx context.Context, k8s client.Client) func() types.UID {
	return func() types.UID {
		class := &gwv1.GatewayClass{}
		err := k8s.Get(ctx, client.ObjectKey{Name: className}, class)
		if err != nil || class.DeletionTimestamp != nil || !meta.IsStatusConditionTrue(class.Status.Conditions, "Accepted") {
			return ""
		}
		Expect(class.Labels).To(HaveKeyWithValue("app.kubernetes.io/managed-by", "kubera"))
		return class.UID
	}
}

// cleanUp runs the command that removes the class, as the operator.
func cleanUp(ctx context.Context, arguments ...string) (string, error) {
	GinkgoHelper()
	arguments = append([]string{"cleanup", "--kubeconfig=" + asOperator.kubeconfig}, arguments...)
	out, err := exec.CommandContext(ctx, binaries.controller, arguments...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

var _ = Describe("The GatewayClass that comes with the operator", Serial, func() {
	It("is made again when it is deleted, but by the cleanup", func(ctx context.Context) {
		accepted := acceptedClass(ctx, k8s)
		var before types.UID
		Eventually(accepted).ShouldNot(BeEmpty())
		before = accepted()
		class := &gwv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: className}}
		Expect(k8s.Delete(ctx, class)).To(Succeed())
		// It goes with the last Gateway of the specs before.
		Eventually(accepted).Should(And(Not(BeEmpty()), Not(Equal(before))))

		By("being left while a Gateway uses it")
		namespace := newNamespace(ctx)
		apply(ctx, namespace, gateway("web"))
		programmed(ctx, namespace, "web")
		before = accepted()
		said, err := cleanUp(ctx)
		Expect(err).NotTo(HaveOccurred(), said)
		Expect(said).To(And(ContainSubstring("Gateways use it: "), ContainSubstring(namespace+"/web")))
		said, err = cleanUp(ctx, "--fail-if-served")
		Expect(err).To(HaveOccurred())
		Expect(said).To(ContainSubstring(namespace + "/web"))
		Expect(accepted()).To(Equal(before))

		By("being removed without one")
		Expect(k8s.DeleteAllOf(ctx, &gwv1.Gateway{}, client.InNamespace(namespace))).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			By("being made by the next operator")
			inProcess.stop()
			inProcess = startOperator()
			Eventually(acceptedClass(ctx, k8s)).WithContext(ctx).ShouldNot(BeEmpty())
		}, NodeTimeout(specTimeout))
		Eventually(func() string {
			said, err := cleanUp(ctx, "--fail-if-served")
			if err != nil {
				return ""
			}
			return said
		}).Should(Equal("GatewayClass kubera is deleted"))
		gone := func() bool { return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(class), class)) }
		Expect(gone()).To(BeTrue())
		Consistently(gone).Should(BeTrue())
		Expect(cleanUp(ctx)).To(Equal("GatewayClass kubera does not exist: there is nothing to do"))
	}, SpecTimeout(specTimeout))
})
