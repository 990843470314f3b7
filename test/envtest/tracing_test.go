// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/test/otlptest"
)

var _ = Describe("Tracing", func() {
	It("sends spans to the collector that parameters name, and follows changes", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		first, second := otlptest.New(GinkgoTB()), otlptest.New(GinkgoTB())
		tracing := func(collector, protocol string) string {
			return gatewayParameters(fmt.Sprintf(`{proxy: {tracing: {endpoint: "%s", protocol: %s, sampling: {percent: 100}}}}`, collector, protocol))
		}
		apply(ctx, namespace, tracing(first.HTTP, "HTTP"))
		apply(ctx, namespace, strings.Replace(edgeGateway, "gatewayClassName: edge", "gatewayClassName: "+className, 1))
		apply(ctx, namespace, strings.Join([]string{route("echo", "web", "/echo", "echo"), serviceWithEndpoints("echo", backend("one"))}, "\n---\n"))
		programmed(ctx, namespace, "web")

		// spans are those of requests to a path.
		spans := func(of *otlptest.Collector, path string) func() []string {
			return func() (names []string) {
				for _, s := range of.Spans() {
					if s.Attributes["url.path"] == path {
						names = append(names, fmt.Sprintf("%v: %s", s.Resource["service.name"], s.Name))
					}
				}
				return names
			}
		}
		name := "web: GET HTTPRoute/" + namespace + "/echo"
		Eventually(get(ctx, namespace, "web", "/echo/a")).Should(Equal("200 one /echo/a"))
		Eventually(spans(first, "/echo/a")).Should(ContainElement(name))

		apply(ctx, namespace, tracing(second.GRPC, "GRPC"))
		Eventually(func() []string {
			_, _ = get(ctx, namespace, "web", "/echo/b")()
			return spans(second, "/echo/b")()
		}).Should(ContainElement(name))
	}, SpecTimeout(specTimeout))
})
