// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// series are those of a Gateway that are not 0: the name, the other labels, the value.
func series(id string) func() []string {
	return func() []string {
		families, err := metrics.Registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		var out []string
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				line, of := []string{strings.TrimPrefix(family.GetName(), "kubera_controller_")}, false
				for _, l := range metric.GetLabel() {
					if l.GetName() == "gateway" {
						of = l.GetValue() == id
						continue
					}
					line = append(line, l.GetValue())
				}
				if value := metric.GetGauge().GetValue(); of && value != 0 {
					out = append(out, strings.Join(append(line, strconv.Itoa(int(value))), " "))
				}
			}
		}
		slices.Sort(out)
		return out
	}
}

var _ = Describe("Metrics of the controller", func() {
	It("follow a Gateway, and go with it", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		id := namespace + "/web"
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/hello", "filter/hello"))
		apply(ctx, namespace, route("dangling", "web", "/dangling", "nowhere"))
		programmed(ctx, namespace, "web")
		Eventually(series(id)).Should(Equal([]string{
			"gateway_condition Accepted 1", "gateway_condition Programmed 1",
			"listeners ok 1", "proxies current 1", "routes HTTPRoute ok 1", "routes HTTPRoute unresolved 1",
		}))

		Expect(k8s.Delete(ctx, &gwv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}})).To(Succeed())
		Eventually(series(id)).Should(BeEmpty())
	})
})
