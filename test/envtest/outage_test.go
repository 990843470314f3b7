// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os/exec"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/test/loopback"
)

// holder is who leads, by the only Lease of the system's namespace, or "" for nobody.
func holder(ctx context.Context) string {
	GinkgoHelper()
	var leases coordinationv1.LeaseList
	Expect(k8s.List(ctx, &leases, client.InNamespace(systemNamespace))).To(Succeed())
	Expect(leases.Items).To(HaveLen(1))
	if leases.Items[0].Spec.HolderIdentity == nil {
		return ""
	}
	return *leases.Items[0].Spec.HolderIdentity
}

var _ = Describe("The operator", func() {
	It("can be killed without harm to what is served", func(ctx context.Context) {
		By("running as a process")
		inProcess.stop()
		process := startProcess()
		back := false
		DeferCleanup(func() {
			if !back {
				_ = process.Process.Kill() // it may be dead already
				_ = process.Wait()
				inProcess = startOperator()
			}
		})
		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "before"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 before"))

		By("being killed")
		Expect(process.Process.Kill()).To(Succeed())
		Expect(process.Wait()).NotTo(Succeed())
		Consistently(get(ctx, namespace, "web", "/")).Should(Equal("200 before"))

		By("staying away while a proxy restarts")
		pod := nodes.proxies(namespace, "web")[0]
		starts := pod.restart()
		Eventually(pod.started).Should(BeNumerically(">", starts))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 before"))

		By("coming back to what changed meanwhile")
		apply(ctx, namespace, staticResponse("hello", "after"))
		inProcess = startOperator()
		back = true
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 after"))
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))

	It("hands over when it is told to stop", func(ctx context.Context) {
		inProcess.stop()
		first := startProcess()
		var second *exec.Cmd
		DeferCleanup(func() {
			for _, process := range []*exec.Cmd{first, second} {
				if process != nil && process.ProcessState == nil {
					_ = process.Process.Kill() // only where the spec failed
					_ = process.Wait()
				}
			}
			inProcess = startOperator()
		})
		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "before"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")
		leader := holder(ctx)
		probes := loopback.FreeAddress(GinkgoTB())
		second = startProcess("--health-probe-bind-address=" + probes)
		By("being ready before it leads")
		Eventually(answers(ctx, probes, "/readyz")).Should(Equal("200 ok"))
		Expect(holder(ctx)).To(Equal(leader))

		Expect(first.Process.Signal(syscall.SIGTERM)).To(Succeed())
		Expect(first.Wait()).To(Succeed())
		By("giving the lease back, whose end nobody then has to wait for")
		Expect(holder(ctx)).NotTo(Equal(leader))
		apply(ctx, namespace, staticResponse("hello", "after"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 after"))
		programmed(ctx, namespace, "web")
		Expect(second.Process.Signal(syscall.SIGTERM)).To(Succeed())
		Expect(second.Wait()).To(Succeed())
	}, SpecTimeout(specTimeout))

	It("notices a proxy that lost its state", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "here"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")
		pod := nodes.proxies(namespace, "web")[0]
		pod.loseState()
		starts := pod.restart()
		Eventually(pod.started).Should(BeNumerically(">", starts))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 here"))
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))
})
