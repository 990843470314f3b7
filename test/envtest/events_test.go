// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/test/certtest"
)

// eventsOf are those about objects of a name: type, reason and how often.
func eventsOf(ctx context.Context, namespace, name string) func() []string {
	return func() []string {
		var list eventsv1.EventList
		Expect(k8s.List(ctx, &list, client.InNamespace(namespace))).To(Succeed())
		var out []string
		for _, e := range list.Items {
			if e.Regarding.Name != name {
				continue
			}
			times := int32(1)
			if e.Series != nil {
				times = e.Series.Count
			}
			out = append(out, fmt.Sprintf("%s %s %d", e.Type, e.Reason, times))
		}
		return out
	}
}

var _ = Describe("Events", func() {
	It("say what changed, once", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, route("hello", "web", "/hello", "filter/hello"))
		apply(ctx, namespace, route("dangling", "web", "/dangling", "nowhere"))
		programmed(ctx, namespace, "web")
		Eventually(eventsOf(ctx, namespace, "web")).Should(ConsistOf("Normal Programmed 1"))
		Eventually(eventsOf(ctx, namespace, "dangling")).Should(ConsistOf("Warning RefsNotResolved 1"))
		Expect(warnings(ctx, namespace)()).To(ContainElement(And(
			HavePrefix("RefsNotResolved Gateway "+namespace+"/web: BackendNotFound: "), ContainSubstring("nowhere"))))

		By("what stays as it is not being said again")
		apply(ctx, namespace, route("dangling", "web", "/other", "nowhere"))
		apply(ctx, namespace, route("hello", "web", "/other", "filter/hello"))
		Eventually(get(ctx, namespace, "web", "/other")).Should(HavePrefix("500 "))
		Consistently(eventsOf(ctx, namespace, "dangling")).Should(ConsistOf("Warning RefsNotResolved 1"))
		Expect(eventsOf(ctx, namespace, "hello")()).To(BeEmpty())

		By("a route that was good and is not any more")
		var r gwv1.HTTPRoute
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "hello"}, &r)).To(Succeed())
		r.Spec.Hostnames, r.Spec.ParentRefs[0].SectionName = nil, new(gwv1.SectionName("nowhere"))
		Expect(k8s.Update(ctx, &r)).To(Succeed())
		Eventually(eventsOf(ctx, namespace, "hello")).Should(ConsistOf("Warning NotAccepted 1"))
	})

	It("tell of a certificate that is about to expire", func(ctx context.Context) {
		namespace := newNamespace(ctx)
		ca := certtest.NewCA(GinkgoTB(), "ca")
		pair := ca.IssueLike(x509.Certificate{
			DNSNames: []string{"site.example.com"}, NotBefore: time.Now().Add(-80 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 24 * time.Hour),
		})
		site := &corev1.Secret{Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key}}
		site.Namespace, site.Name = namespace, "site"
		Expect(k8s.Create(ctx, site)).To(Succeed())
		apply(ctx, namespace, tlsGateway)
		programmed(ctx, namespace, "web")
		Eventually(eventsOf(ctx, namespace, "web")).Should(ConsistOf("Normal Programmed 1", "Warning CertificateExpiring 1"))
		note := warnings(ctx, namespace)()[0]
		Expect(note).To(ContainSubstring("Secret " + namespace + "/site"))
		Expect(strings.Contains(note, "BEGIN")).To(BeFalse(), note)
	})
})
