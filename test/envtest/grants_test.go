// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/pki"
)

// grant gives a ReferenceGrant for references from a kind in a namespace to a kind.
func grant(name, fromKind, fromNamespace, toKind string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: %s}
spec:
  from: [{group: gateway.networking.k8s.io, kind: %s, namespace: %s}]
  to: [{group: "", kind: %s}]`, name, fromKind, fromNamespace, toKind)
}

// "Implementations that support ReferenceGrant MUST NOT permit cross-namespace references
// which have no grant, and MUST respond to the removal of a grant by revoking the access
// that the grant allowed" (ReferenceGrant).
var _ = Describe("A ReferenceGrant", func() {
	// within is the time that a revocation may take.
	const within = 5 * time.Second

	It("is revoked within seconds", func(ctx context.Context) {
		authority, err := pki.NewAuthority(time.Now())
		Expect(err).NotTo(HaveOccurred())
		pair, err := authority.IssueServer("site.example.com", time.Now())
		Expect(err).NotTo(HaveOccurred())

		namespace, theirs := newNamespace(ctx), newNamespace(ctx)
		apply(ctx, theirs, serviceWithEndpoints("echo", backend("one")))
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: theirs, Name: "site"}, Type: corev1.SecretTypeTLS}
		secret.Data = map[string][]byte{"tls.crt": pair["tls.crt"], "tls.key": pair["tls.key"]}
		Expect(k8s.Create(ctx, secret)).To(Succeed())

		By("missing")
		apply(ctx, namespace, strings.Replace(tlsGateway, "{name: site}", "{name: site, namespace: "+theirs+"}", 1))
		apply(ctx, namespace, strings.Replace(route("echo", "web", "/", "echo"), "{name: echo, port: 80}", "{name: echo, namespace: "+theirs+", port: 80}", 1))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(HavePrefix("500 "))
		Eventually(parentCondition(ctx, namespace, "echo", "ResolvedRefs")).Should(HavePrefix("False RefNotPermitted "))
		Eventually(resolved(ctx, namespace)).Should(Equal("False RefNotPermitted"))
		ip := nodes.proxies(namespace, "web")[0].ip
		Expect(handshake(ctx, ip)).NotTo(Succeed())

		By("being there")
		apply(ctx, theirs, grant("routes", "HTTPRoute", namespace, "Service"))
		apply(ctx, theirs, grant("gateways", "Gateway", namespace, "Secret"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 one /"))
		Eventually(func() error { return handshake(ctx, ip) }).Should(Succeed())
		Eventually(parentCondition(ctx, namespace, "echo", "ResolvedRefs")).Should(HavePrefix("True "))
		Eventually(resolved(ctx, namespace)).Should(Equal("True ResolvedRefs"))

		By("going")
		Expect(k8s.Delete(ctx, &gwv1.ReferenceGrant{ObjectMeta: metav1.ObjectMeta{Namespace: theirs, Name: "routes"}})).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/"), within).Should(HavePrefix("500 "))
		Eventually(parentCondition(ctx, namespace, "echo", "ResolvedRefs"), within).Should(HavePrefix("False RefNotPermitted "))
		Expect(handshake(ctx, ip)).To(Succeed())
		Expect(k8s.Delete(ctx, &gwv1.ReferenceGrant{ObjectMeta: metav1.ObjectMeta{Namespace: theirs, Name: "gateways"}})).To(Succeed())
		Eventually(func() error { return handshake(ctx, ip) }, within).ShouldNot(Succeed())
		Eventually(resolved(ctx, namespace), within).Should(Equal("False RefNotPermitted"))
	}, SpecTimeout(specTimeout))

	It("is revoked also where the Gateway is not accepted and goes on as it was", func(ctx context.Context) {
		namespace, theirs := newNamespace(ctx), newNamespace(ctx)
		apply(ctx, theirs, serviceWithEndpoints("echo", backend("one")))
		apply(ctx, namespace, serviceWithEndpoints("own", backend("two")))
		apply(ctx, theirs, grant("routes", "HTTPRoute", namespace, "Service"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, strings.Replace(route("echo", "web", "/", "echo"), "{name: echo, port: 80}", "{name: echo, namespace: "+theirs+", port: 80}", 1))
		apply(ctx, namespace, route("own", "web", "/own", "own"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 one /"))

		apply(ctx, namespace, strings.Replace(gateway("web"), "protocol: HTTP", "protocol: example.com/other", 1))
		Eventually(condition(ctx, namespace, "web", "Accepted")).Should(Equal("False ListenersNotValid"))
		Consistently(get(ctx, namespace, "web", "/")).Should(Equal("200 one /"))

		Expect(k8s.Delete(ctx, &gwv1.ReferenceGrant{ObjectMeta: metav1.ObjectMeta{Namespace: theirs, Name: "routes"}})).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/"), within).Should(HavePrefix("500 "))
		Expect(get(ctx, namespace, "web", "/own")()).To(Equal("200 two /own"))

		By("being mended")
		apply(ctx, namespace, gateway("web"))
		programmed(ctx, namespace, "web")
		apply(ctx, theirs, grant("routes", "HTTPRoute", namespace, "Service"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 one /"))
	}, SpecTimeout(specTimeout))
})
