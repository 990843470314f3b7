// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/test/hello"
)

// way is one in which Kubera gets into a cluster that has the CRDs of the Gateway API and
// nothing of Kubera, and out of it. Both fail the spec if they can't.
type way interface {
	// Install returns when Kubera is installed, but its controller need not be at work.
	Install(ctx context.Context)
	// Remove takes away all that Install and the controller made, when there are no
	// Gateways any more.
	Remove(ctx context.Context)
}

// comesAndGoes makes the spec that holds for every way.
func comesAndGoes(w way) {
	It("leads from nothing to an answer, and back to nothing", func(ctx context.Context) {
		before, err := inventory(ctx)
		Expect(err).NotTo(HaveOccurred())
		w.Install(ctx)
		namespace := newNamespace(ctx)
		apply(ctx, namespace, hello.Gateway(80)+hello.Route)
		address := programmed(ctx, namespace)
		Eventually(answer).WithArguments(address, "/").WithContext(ctx).Should(Equal(hello.Answer))

		deleteNamespace(ctx, namespace)
		w.Remove(ctx)
		nothingChanged(ctx, before)
	}, NodeTimeout(specTimeout))
}
