// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/kubera-dev/kubera/test/hello"
)

var _ = Describe("The quickstart", func() {
	It("answers at the address of its load balancer", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		kubectl(ctx, namespace, "apply", "-k", "examples/quickstart")
		gateway := programmed(ctx, namespace, "web")
		for _, test := range []struct {
			request exchange
			want    OmegaMatcher
		}{
			{exchange{path: "/hello"}, Equal("200 Hello from Kubera.")},
			{exchange{path: "/"}, And(HavePrefix("200 "), ContainSubstring(`"pod": "stable-`))},
			{exchange{path: "/", header: http.Header{"X-Version": {"canary"}}}, ContainSubstring(`"pod": "canary-`)},
			{exchange{path: "/headers"}, ContainSubstring(`"X-Team"`)},
			{exchange{path: "/api"}, ContainSubstring(`"path": "/v2"`)},
			{exchange{path: "/old"}, HavePrefix("301 ")},
		} {
			test.request.gateway = gateway
			Eventually(test.request.answer).WithContext(ctx).Should(test.want, test.request.path)
		}
	}, NodeTimeout(specTimeout))
})

var _ = Describe("A proxy", func() {
	It("is a restricted pod without credentials, and has port 80", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, hello.Gateway(80)+hello.Route)
		gateway := programmed(ctx, namespace, "web")
		Eventually(exchange{gateway: gateway, path: "/"}.answer).WithContext(ctx).Should(Equal(hello.Answer))

		pods := proxies(ctx, namespace, "web")
		Expect(pods).NotTo(BeEmpty())
		for _, pod := range pods {
			// Not behind a Service that would translate another port.
			direct := exchange{gateway: gateway.DeepCopy(), path: "/"}
			direct.gateway.Status.Addresses[0].Value = pod.Status.PodIP
			Expect(direct.answer(ctx)).To(Equal(hello.Answer))
			for _, volume := range pod.Spec.Volumes {
				Expect(volume.Projected).To(BeNil(), "volume %s may hold a token", volume.Name)
			}
		}
	}, NodeTimeout(specTimeout))
})
