// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/internal/infra"
)

func scaling() {
	It("loses nothing when it scales up and down", func(ctx context.Context) {
		DeferCleanup(func(ctx context.Context) {
			apply(ctx, parameters("replicas: 2"))
			kubectl(ctx, "scale", "deployment", infra.Name(gatewayName), "--replicas=2")
			settled(ctx)
		}, NodeTimeout(specTimeout))
		losesNothing(func() {
			// There are no metrics in the cluster: it keeps to its bounds.
			for _, step := range []struct{ least, most, pods int }{{4, 6, 4}, {1, 2, 2}} {
				apply(ctx, parameters(fmt.Sprintf("autoscaling: {minReplicas: %d, maxReplicas: %d}", step.least, step.most)))
				Eventually(func() []bool {
					var ready []bool
					for _, pod := range proxies(ctx) {
						ready = append(ready, isReady(pod))
					}
					return ready
				}).WithContext(ctx).Should(And(HaveLen(step.pods), HaveEach(true)))
			}
			follows(ctx, "after scaling")
		})
		programmed(ctx)
	}, NodeTimeout(specTimeout))
}

func parameters(deployment string) string {
	return fmt.Sprintf(`
apiVersion: gateway.kubera.dev/v1alpha1
kind: GatewayParameters
metadata: {name: web}
spec:
  deployment: {%s}`, deployment)
}
