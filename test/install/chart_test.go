// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/internal/controller"
)

var _ = Describe("Helm", func() { comesAndGoes(chart{"--set", "crds.keep=false"}) })

// chart is the way of charts/kubera, with arguments of helm that give values.
type chart []string

func (c chart) Install(ctx context.Context) {
	GinkgoHelper()
	said := helm(ctx, append([]string{"install", "kubera", "charts/kubera", "--create-namespace", "--wait"}, c...)...)
	Expect(said).NotTo(ContainSubstring("WARNING"), "the CRDs of the Gateway API are there")
}

// Remove leaves no namespace: helm makes it, and does not remove it.
func (chart) Remove(ctx context.Context) {
	helm(ctx, "uninstall", "kubera", "--wait")
	deleteNamespace(ctx, systemNamespace)
}

// helm is run for the release's namespace, with nothing of the person who runs the test.
func helm(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	By("helm " + strings.Join(arguments, " "))
	c := command(ctx, tool("HELM"), append(arguments, "--namespace", systemNamespace)...)
	home := GinkgoT().TempDir()
	c.Env = append(c.Environ(), "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home)
	out, err := c.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "helm %q: %s", arguments, out)
	return string(out)
}

var _ = Describe("A release", func() {
	It("is upgraded, rolled back, removed and installed again without a request lost", func(ctx context.Context) {
		before, err := inventory(ctx)
		Expect(err).NotTo(HaveOccurred())
		chart{}.Install(ctx)
		namespace := newNamespace(ctx)
		run(ctx, tool("KUBECTL"), "apply", "--namespace", namespace, "-k", "examples/quickstart")
		address := programmed(ctx, namespace)
		for _, path := range []string{"/", "/hello"} {
			Eventually(answer).WithArguments(address, path).WithContext(ctx).Should(HavePrefix("200 "), path)
		}
		sent := startRequests(address, "/", "/hello")

		By("giving other values")
		helm(ctx, "upgrade", "kubera", "charts/kubera", "--wait", "--set", "controller.replicas=1,log.level=debug")
		Expect(replicas(ctx)).To(Equal(1))
		sent.goOn(ctx)

		By("upgrading to the next version")
		helm(ctx, "upgrade", "kubera", nextChart(ctx), "--wait")
		runs(ctx, namespace, nextVersion)
		sent.goOn(ctx)

		By("upgrading to an image of the proxies that does not exist")
		helm(ctx, "upgrade", "kubera", nextChart(ctx), "--wait", "--set", "proxy.image.tag=absent")
		Eventually(proxyImages).WithArguments(namespace).WithContext(ctx).Should(ConsistOf(proxyImage+":"+nextVersion, proxyImage+":absent"))
		sent.goOn(ctx)

		By("rolling back to the first version")
		helm(ctx, "rollback", "kubera", "1", "--wait")
		runs(ctx, namespace, version)
		sent.goOn(ctx)

		By("uninstalling it in spite of the Gateway, which is served on")
		helm(ctx, "uninstall", "kubera", "--wait")
		sent.goOn(ctx)

		By("installing it again")
		chart{}.Install(ctx)
		programmed(ctx, namespace)
		sent.goOn(ctx)
		sent.stop()

		By("removing all of it")
		deleteNamespace(ctx, namespace)
		helm(ctx, "uninstall", "kubera", "--wait")
		Eventually(changes).WithArguments(before).WithContext(ctx).Should(ConsistOf(leftByUninstall))
		// As the README of the chart says.
		run(ctx, tool("KUBECTL"), "delete", "crd", "--selector", "app.kubernetes.io/instance=kubera,app.kubernetes.io/name=kubera")
		deleteNamespace(ctx, systemNamespace)
		nothingChanged(ctx, before)
	}, NodeTimeout(2*specTimeout))
})

// leftByUninstall is what the values have it that stays, and what Helm doesn't know of.
var leftByUninstall = []string{
	"left: customresourcedefinitions.apiextensions.k8s.io /accesscontrolfilters.gateway.kubera.dev",
	"left: customresourcedefinitions.apiextensions.k8s.io /gatewayclassparameters.gateway.kubera.dev",
	"left: customresourcedefinitions.apiextensions.k8s.io /gatewayparameters.gateway.kubera.dev",
	"left: customresourcedefinitions.apiextensions.k8s.io /staticresponsefilters.gateway.kubera.dev",
	"left: apiservices.apiregistration.k8s.io /v1alpha1.gateway.kubera.dev",
	"left: namespaces. /kubera-system",
	"left: serviceaccounts. kubera-system/default",
	"left: configmaps. kubera-system/kube-root-ca.crt",
	"left: secrets. kubera-system/" + controller.AuthoritySecret,
	"left: leases.coordination.k8s.io kubera-system/0b6d3d4c.gateway.kubera.dev",
}

// nextChart is the chart as it would be of the next version.
func nextChart(ctx context.Context) string {
	GinkgoHelper()
	directory := GinkgoT().TempDir()
	helm(ctx, "package", "charts/kubera", "--version", nextVersion, "--app-version", nextVersion, "--destination", directory)
	return filepath.Join(directory, "kubera-"+nextVersion+".tgz")
}
