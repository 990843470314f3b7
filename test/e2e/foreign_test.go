// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/test/hello"
)

// foreign are objects of another controller, and a route of its Gateway.
const foreign = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: theirs}
spec:
  gatewayClassName: e2e-foreign
  listeners:
  - {name: http, protocol: HTTP, port: 80}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: theirs}
spec:
  parentRefs: [{name: theirs}]
`

var _ = Describe("Objects of another controller", func() {
	It("are never written", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		class := &gwv1.GatewayClass{
			ObjectMeta: metav1.ObjectMeta{Name: "e2e-foreign"},
			Spec:       gwv1.GatewayClassSpec{ControllerName: "e2e.example/controller"},
		}
		Expect(k8s.Create(ctx, class)).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(k8s.Delete(ctx, class)).To(Succeed()) })
		apply(ctx, namespace, foreign)
		theirs := []client.Object{class, &gwv1.Gateway{}, &gwv1.HTTPRoute{}}
		before := versions(ctx, namespace, theirs)

		By("serving Gateways beside them")
		apply(ctx, namespace, hello.Gateway(80)+hello.Route)
		programmed(ctx, namespace, "web")
		apply(ctx, namespace, hello.Gateway(8080))
		serves(ctx, namespace, 8080)
		Expect(versions(ctx, namespace, theirs)).To(Equal(before))

		By("reading all of them anew")
		kubectl(ctx, systemNamespace, "rollout", "restart", "deployment/"+controllerName)
		kubectl(ctx, systemNamespace, "rollout", "status", "deployment/"+controllerName, "--timeout=2m")
		apply(ctx, namespace, hello.Gateway(8081))
		serves(ctx, namespace, 8081)
		Expect(versions(ctx, namespace, theirs)).To(Equal(before))
	}, NodeTimeout(specTimeout))
})

// versions are the resource versions of objects "theirs", or of those that are named.
func versions(ctx context.Context, namespace string, objects []client.Object) []string {
	GinkgoHelper()
	var list []string
	for _, object := range objects {
		key := client.ObjectKey{Name: object.GetName()}
		if _, clusterWide := object.(*gwv1.GatewayClass); !clusterWide {
			key = client.ObjectKey{Namespace: namespace, Name: "theirs"}
		}
		Expect(k8s.Get(ctx, key, object)).To(Succeed())
		list = append(list, object.GetResourceVersion())
	}
	return list
}
