// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/pki"
)

const tlsGateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: kubera
  listeners:
  - {name: http, port: 18080, protocol: HTTP}
  - name: https
    port: 18443
    protocol: HTTPS
    tls: {certificateRefs: [{name: site}]}`

// resolved gives "STATUS REASON" of ResolvedRefs of the HTTPS listener.
func resolved(ctx context.Context, namespace string) func() string {
	return func() string {
		g := &gwv1.Gateway{}
		Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "web"}, g)).To(Succeed())
		for _, l := range g.Status.Listeners {
			if c := meta.FindStatusCondition(l.Conditions, "ResolvedRefs"); l.Name == "https" && c != nil {
				return string(c.Status) + " " + c.Reason
			}
		}
		return ""
	}
}

func handshake(ctx context.Context, ip string) error {
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, ServerName: "site.example.com"}} //nolint:gosec // whether it is served is all that counts
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(ip, "18443"))
	if err != nil {
		return err
	}
	return conn.Close()
}

var _ = Describe("A certificate", func() {
	It("that is missing, wrong or huge harms nothing else", func(ctx context.Context) {
		a, err := pki.NewAuthority(time.Now())
		Expect(err).NotTo(HaveOccurred())
		good, err := a.IssueServer("site.example.com", time.Now())
		Expect(err).NotTo(HaveOccurred())
		other, err := a.IssueServer("site.example.com", time.Now())
		Expect(err).NotTo(HaveOccurred())

		namespace := newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "served"))
		apply(ctx, namespace, tlsGateway)
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))

		By("missing")
		programmed(ctx, namespace, "web")
		Eventually(resolved(ctx, namespace)).Should(Equal("False InvalidCertificateRef"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 served"))
		ip := nodes.proxies(namespace, "web")[0].ip
		Expect(handshake(ctx, ip)).NotTo(Succeed())

		By("having a key that is not its own")
		site := &corev1.Secret{Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": good["tls.crt"], "tls.key": other["tls.key"]}}
		site.Namespace, site.Name = namespace, "site"
		Expect(k8s.Create(ctx, site)).To(Succeed())
		Consistently(resolved(ctx, namespace)).Should(Equal("False InvalidCertificateRef"))

		By("being in a Secret of 1 MB")
		site.Data["tls.crt"] = bytes.Repeat([]byte("x"), corev1.MaxSecretSize-len(site.Data["tls.key"]))
		Expect(k8s.Update(ctx, site)).To(Succeed())
		Consistently(resolved(ctx, namespace)).Should(Equal("False InvalidCertificateRef"))
		Expect(get(ctx, namespace, "web", "/")()).To(Equal("200 served"))

		By("being right, with as much beside it as fits")
		site.Data = map[string][]byte{"tls.crt": good["tls.crt"], "tls.key": good["tls.key"]}
		site.Data["other"] = bytes.Repeat([]byte("x"), corev1.MaxSecretSize-len(good["tls.crt"])-len(good["tls.key"]))
		Expect(k8s.Update(ctx, site)).To(Succeed())
		Eventually(resolved(ctx, namespace)).Should(Equal("True ResolvedRefs"))
		Eventually(func() error { return handshake(ctx, ip) }).Should(Succeed())
		programmed(ctx, namespace, "web")

		By("being served for requests")
		client := http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as above
		}}
		defer client.CloseIdleConnections()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+net.JoinHostPort(ip, strconv.Itoa(18443))+"/", nil)
		Expect(err).NotTo(HaveOccurred())
		resp, err := client.Do(req)
		Expect(err).NotTo(HaveOccurred())
		Expect(resp.Body.Close()).To(Succeed())
		Expect(resp.StatusCode).To(Equal(http.StatusOK))
	}, SpecTimeout(specTimeout))
})
