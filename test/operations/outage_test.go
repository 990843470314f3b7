// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// longest is more than outages may last.
const longest = 30 * time.Minute

func outages() {
	It("the controller is not missed", func(ctx context.Context) {
		losesNothing(func() {
			back := after(outage)
			scale(ctx, 0)
			Eventually(controllers).WithArguments(ctx).WithContext(ctx).Should(BeEmpty())

			By("endpoints that change, which the proxies find out by themselves")
			kubectl(ctx, "delete", "pod", backendPods(ctx, "polite")[0].Name, "--wait=false")

			By("a proxy that is deleted, whose successor waits for a configuration")
			kubectl(ctx, "delete", "pod", proxies(ctx)[0].Name)
			Eventually(proxies).WithArguments(ctx).WithContext(ctx).Should(HaveLen(2))
			<-back
			ready := 0
			for _, pod := range proxies(ctx) {
				if isReady(pod) {
					ready++
				}
			}
			Expect(ready).To(Equal(1))

			By("coming back")
			scale(ctx, 2)
			settled(ctx)
			By("pods that are ready, the proxy that waited too")
			follows(ctx, "after the controller was away")
			By("a change that is served")
		})
		programmed(ctx)
	}, NodeTimeout(longest))

	It("the API server is not missed", func(ctx context.Context) {
		losesNothing(func() {
			back := after(apiOutage)
			testCluster(ctx, "stop", "kube-apiserver")
			<-back
			By("coming back")
			testCluster(ctx, "start", "kube-apiserver")
			Eventually(func() error {
				return clientset.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
			}).WithContext(ctx).Should(Succeed())
			By("being ready")
			settled(ctx)
			By("pods that are ready, of the controller too")
			follows(ctx, "after the API server was away")
			By("a change that is served")
		})
		programmed(ctx)
	}, NodeTimeout(longest))
}

// after begins to count at once.
func after(d time.Duration) <-chan time.Time { return time.After(d) }

// scale says how many controllers there are.
func scale(ctx context.Context, replicas int) {
	GinkgoHelper()
	deployment, err := clientset.AppsV1().Deployments(systemNamespace).GetScale(ctx, controllerName, metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	deployment.Spec.Replicas = int32(replicas)
	_, err = clientset.AppsV1().Deployments(systemNamespace).UpdateScale(ctx, controllerName, deployment, metav1.UpdateOptions{})
	Expect(err).NotTo(HaveOccurred())
}
