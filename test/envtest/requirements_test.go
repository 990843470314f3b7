// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/kubera-dev/kubera/internal/controller"
	"github.com/kubera-dev/kubera/test/loopback"
)

var _ = Describe("A cluster without CRDs", func() {
	It("is waited for", func(ctx context.Context) {
		environment := &envtest.Environment{
			ControlPlaneStartTimeout: 3 * time.Minute, ControlPlaneStopTimeout: time.Minute, Scheme: controller.NewScheme(),
		}
		api, err := environment.Start()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(environment.Stop)
		bare, err := client.New(api, client.Options{Scheme: controller.NewScheme()})
		Expect(err).NotTo(HaveOccurred())
		Expect(bare.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace}})).To(Succeed())
		kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
		Expect(os.WriteFile(kubeconfig, environment.KubeConfig, 0o600)).To(Succeed())

		probes := loopback.FreeAddress(GinkgoTB())
		process := startProcess("--kubeconfig="+kubeconfig, "--health-probe-bind-address="+probes)
		exited := make(chan error, 1)
		go func() { exited <- process.Wait() }()
		DeferCleanup(func() {
			_ = process.Process.Kill() // it may have ended
			Eventually(exited).Should(Receive())
		})
		ready := answers(ctx, probes, "/readyz")
		Eventually(ready).Should(And(
			ContainSubstring("503 not ready: the cluster has no GatewayClass, Gateway, HTTPRoute of gateway.networking.k8s.io/v1: run kubectl apply"),
			ContainSubstring("of gateway.kubera.dev/v1alpha1: run make install")))
		Expect(answers(ctx, probes, "/healthz")()).To(Equal("200 ok"))

		By("telling what is still missing")
		standard := filepath.Join(module("sigs.k8s.io/gateway-api"), "config", "crd", "standard")
		const later = "gateway.networking.k8s.io_tcproutes.yaml"
		files, err := filepath.Glob(filepath.Join(standard, "gateway.networking.k8s.io_*.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(files).To(ContainElement(HaveSuffix(later)))
		install(api, slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == later })...)
		Eventually(ready).Should(And(ContainSubstring("gateway.kubera.dev/v1alpha1"), Not(ContainSubstring("gateway.networking.k8s.io"))))

		By("beginning when all is there")
		install(api, filepath.Join(root(), "config", "crd", "bases"))
		Eventually(ready).Should(Equal("200 ok"))
		Eventually(acceptedClass(ctx, bare)).ShouldNot(BeEmpty())

		By("beginning anew with a kind that comes later")
		install(api, filepath.Join(standard, later))
		u := parse("default", gateway("web")+"\n---\n"+child("TCPRoute", `{parentRefs: [{name: web}], rules: [{backendRefs: [{name: missing, port: 80}]}]}`))
		for _, object := range u {
			Expect(bare.Create(ctx, object)).To(Succeed())
		}
		Eventually(func(g Gomega) {
			g.Expect(bare.Get(ctx, client.ObjectKeyFromObject(u[1]), u[1])).To(Succeed())
			g.Expect(u[1].Object).To(HaveKey("status"))
		}).WithTimeout(time.Minute).Should(Succeed())
		Eventually(ready).Should(Equal("200 ok"))

		Expect(process.Process.Signal(syscall.SIGTERM)).To(Succeed())
		Eventually(exited).Should(Receive(BeNil()))
		exited <- nil // for the cleanup
	}, SpecTimeout(2*specTimeout))
})

// install installs the CRDs in files or directories.
func install(api *rest.Config, paths ...string) {
	GinkgoHelper()
	crds, err := envtest.InstallCRDs(api, envtest.CRDInstallOptions{Scheme: controller.NewScheme(), Paths: paths, ErrorIfPathMissing: true})
	Expect(err).NotTo(HaveOccurred())
	Expect(crds).NotTo(BeEmpty())
}
