// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The kinds of objects that people write. All else follows from them.
const written = "gateways.gateway.networking.k8s.io,httproutes.gateway.networking.k8s.io," +
	"gatewayparameters.gateway.kubera.dev,staticresponsefilters.gateway.kubera.dev"

// The Gateway may get another address by it, where there is no load.
func restoring() {
	It("is enough to restore everything", func(ctx context.Context) {
		follows(ctx, "of the backup")
		file := filepath.Join(GinkgoT().TempDir(), "backup.yaml")
		backup := kubectl(ctx, "get", written, "--output=yaml") + "---\n" + kubectl(ctx, "get", "secret", "web", "--output=yaml")
		Expect(os.WriteFile(file, []byte(backup), 0o600)).To(Succeed())

		By("losing it all")
		kubectl(ctx, "delete", written, "--all")
		kubectl(ctx, "delete", "secret", "web")
		Eventually(proxies).WithArguments(ctx).WithContext(ctx).Should(BeEmpty())

		By("applying the backup")
		kubectl(ctx, "apply", "--filename="+file)
		address = programmed(ctx)
		settled(ctx)
		// Kubernetes' own controllers, which lead from the new Service to the new pods, come
		// back a minute and a half after an API server that was away for five.
		Eventually(get).WithArguments(ctx, "/version").Should(Equal("200 of the backup"))
		for _, path := range []string{"/polite", "/plain", "/abrupt"} {
			Eventually(get).WithArguments(ctx, path).Should(HavePrefix("200 "))
		}
		for name, l := range loads {
			GinkgoWriter.Printf("load %s: %s\n", name, l.Restart())
		}
		Eventually(func() error { _, err := presented(ctx); return err }).WithContext(ctx).Should(Succeed())
		for name, l := range loads {
			GinkgoWriter.Printf("load %s: %s\n", name, l.Restart())
		}
	}, NodeTimeout(specTimeout))
}
