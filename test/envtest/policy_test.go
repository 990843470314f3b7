// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/pki"
)

func backendTLSPolicy(name, service string) string {
	return `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: ` + name + `}
spec:
  targetRefs: [{group: "", kind: Service, name: ` + service + `}]
  validation: {hostname: echo.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}`
}

// parentCondition gives "STATUS REASON MESSAGE" of the first parent of an
// HTTPRoute, or nothing.
func parentCondition(ctx context.Context, namespace, route, typ string) func() string {
	return func() string {
		r := &gwv1.HTTPRoute{}
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: route}, r)).To(Succeed())
		if len(r.Status.Parents) == 0 {
			return ""
		}
		return inWords(r.Status.Parents[0].Conditions, typ)
	}
}

func inWords(conditions []metav1.Condition, typ string) string {
	c := meta.FindStatusCondition(conditions, typ)
	if c == nil {
		return ""
	}
	return strings.Join([]string{string(c.Status), c.Reason, c.Message}, " ")
}

// secureBackend is backend over TLS, with a certificate of the authority.
func secureBackend(name string, authority *pki.Authority) (port int) {
	GinkgoHelper()
	pair, err := authority.IssueServer("echo.example.com", time.Now())
	Expect(err).NotTo(HaveOccurred())
	certificate, err := tls.X509KeyPair(pair["tls.crt"], pair["tls.key"])
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name+" "+r.URL.Path+" for "+r.TLS.ServerName)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	DeferCleanup(server.Close)
	addr, ok := server.Listener.Addr().(*net.TCPAddr)
	Expect(ok).To(BeTrue())
	return addr.Port
}

var _ = Describe("A BackendTLSPolicy", func() {
	It("is what TLS is spoken by, and closes what it can't protect", func(ctx context.Context) {
		authority, err := pki.NewAuthority(time.Now())
		Expect(err).NotTo(HaveOccurred())
		namespace := newNamespace(ctx)
		apply(ctx, namespace, serviceWithEndpoints("echo", secureBackend("one", authority)))
		apply(ctx, namespace, serviceWithEndpoints("plain", backend("two")))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("echo", "web", "/echo", "echo"))
		apply(ctx, namespace, route("plain", "web", "/plain", "plain"))
		programmed(ctx, namespace, "web")
		Eventually(get(ctx, namespace, "web", "/plain")).Should(Equal("200 two /plain"))
		Expect(get(ctx, namespace, "web", "/echo")()).NotTo(HavePrefix("200 "))

		By("appearing before its CA, with the word of another controller in its status")
		apply(ctx, namespace, backendTLSPolicy("secure", "echo"))
		policy := &gwv1.BackendTLSPolicy{}
		key := types.NamespacedName{Namespace: namespace, Name: "secure"}
		theirs := gwv1.PolicyAncestorStatus{
			AncestorRef: gwv1.ParentReference{Name: "web"}, ControllerName: "example.com/other",
			Conditions: []metav1.Condition{{
				Type: "Accepted", Status: metav1.ConditionTrue, Reason: "TheirReason", LastTransitionTime: metav1.Now(),
			}},
		}
		Eventually(func() error { // the operator writes at the same time
			if err := k8s.Get(ctx, key, policy); err != nil {
				return err
			}
			changed := policy.DeepCopy()
			changed.Status.Ancestors = append([]gwv1.PolicyAncestorStatus{theirs}, changed.Status.Ancestors...)
			return k8s.Status().Patch(ctx, changed, client.MergeFromWithOptions(policy, client.MergeFromWithOptimisticLock{}))
		}).Should(Succeed())

		ancestors := func() []gwv1.PolicyAncestorStatus {
			Expect(k8s.Get(ctx, key, policy)).To(Succeed())
			return policy.Status.Ancestors
		}
		says := func(typ string) func() string {
			return func() string {
				for _, a := range ancestors() {
					if a.ControllerName == "kubera.dev/gateway-controller" {
						return inWords(a.Conditions, typ)
					}
				}
				return ""
			}
		}
		Eventually(says("Accepted")).Should(HavePrefix("False NoValidCACertificate "))
		Expect(says("ResolvedRefs")()).To(HavePrefix("False InvalidCACertificateRef "))
		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("500 "))
		Expect(get(ctx, namespace, "web", "/plain")()).To(Equal("200 two /plain"))

		By("getting its CA")
		ca := &corev1.ConfigMap{Data: map[string]string{"ca.crt": string(authority.Bundle())}}
		ca.Namespace, ca.Name = namespace, "ca"
		Expect(k8s.Create(ctx, ca)).To(Succeed())
		Eventually(says("Accepted")).Should(HavePrefix("True Accepted "))
		Eventually(get(ctx, namespace, "web", "/echo")).Should(Equal("200 one /echo for echo.example.com"))
		Expect(policy.Status.Ancestors[0].ControllerName).To(BeEquivalentTo("example.com/other"))
		Expect(policy.Status.Ancestors[0].Conditions[0].Reason).To(Equal("TheirReason"))
		Expect(policy.Status.Ancestors[1].AncestorRef.Name).To(BeEquivalentTo("web"))

		By("having a CA that is not the backend's")
		other, err := pki.NewAuthority(time.Now())
		Expect(err).NotTo(HaveOccurred())
		ca.Data["ca.crt"] = string(other.Bundle())
		Expect(k8s.Update(ctx, ca)).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("502 "))

		By("losing its CA")
		ca.Data["ca.crt"] = ""
		Expect(k8s.Update(ctx, ca)).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("500 "))
		Eventually(says("Accepted")).Should(HavePrefix("False NoValidCACertificate "))
		ca.Data["ca.crt"] = string(authority.Bundle())
		Expect(k8s.Update(ctx, ca)).To(Succeed())
		Eventually(get(ctx, namespace, "web", "/echo")).Should(HavePrefix("200 one "))

		By("being for a Service that speaks clear text")
		apply(ctx, namespace, backendTLSPolicy("secure", "plain"))
		Eventually(get(ctx, namespace, "web", "/plain")).Should(HavePrefix("502 "))
		By("being for none that is used")
		apply(ctx, namespace, backendTLSPolicy("secure", "unused"))
		Eventually(get(ctx, namespace, "web", "/plain")).Should(Equal("200 two /plain"))
		Eventually(ancestors).Should(HaveLen(1))
		Expect(policy.Status.Ancestors[0].ControllerName).To(BeEquivalentTo("example.com/other"))
	}, SpecTimeout(specTimeout))
})
