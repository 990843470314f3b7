// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/controller"
	"github.com/kubera-dev/kubera/internal/infra"
	"github.com/kubera-dev/kubera/internal/pki"
)

func secret(ctx context.Context, namespace, name string) *corev1.Secret {
	GinkgoHelper()
	s := &corev1.Secret{}
	Expect(k8s.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, s)).To(Succeed())
	return s
}

func authority(ctx context.Context) *pki.Authority {
	GinkgoHelper()
	a, err := pki.ParseAuthority(secret(ctx, systemNamespace, controller.AuthoritySecret).Data, time.Now())
	Expect(err).NotTo(HaveOccurred())
	return a
}

// controlStatus asks a proxy what it runs, with the given credentials.
func controlStatus(ctx context.Context, p *pod, credentials *tls.Config) (config.Status, error) {
	var status config.Status
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{TLSClientConfig: credentials, Protocols: &protocols, DisableKeepAlives: true}
	address := net.JoinHostPort(p.ip, strconv.Itoa(config.ControlPort))
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+config.PathStatus, nil)
	if err != nil {
		return status, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return status, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return status, err
	}
	if resp.StatusCode != http.StatusOK {
		return status, fmt.Errorf("%s: %s", resp.Status, body)
	}
	return status, json.Unmarshal(body, &status)
}

func asController(ctx context.Context, namespace, gateway string) *tls.Config {
	GinkgoHelper()
	identity := &pki.Identity{}
	identity.Set(authority(ctx))
	c, err := identity.ClientConfig(pki.ServerName(namespace, gateway))
	Expect(err).NotTo(HaveOccurred())
	return c
}

var _ = Describe("The control channel", func() {
	var namespace string
	BeforeEach(func(ctx context.Context) {
		namespace = newNamespace(ctx)
		apply(ctx, namespace, staticResponse("hello", "first"))
		apply(ctx, namespace, gateway("web"))
		apply(ctx, namespace, route("hello", "web", "/", "filter/hello"))
		programmed(ctx, namespace, "web")
	}, NodeTimeout(specTimeout))

	It("gives nothing to those who are not the controller", func(ctx context.Context) {
		proxy := nodes.proxies(namespace, "web")[0]
		right := asController(ctx, namespace, "web")
		status, err := controlStatus(ctx, proxy, right)
		Expect(err).NotTo(HaveOccurred())
		Expect(status.Version).NotTo(BeEmpty())

		By("having no certificate")
		nobody := right.Clone()
		nobody.Certificates = nil
		_, err = controlStatus(ctx, proxy, nobody)
		Expect(err).To(HaveOccurred())

		By("having one of another authority with the right name")
		foreign, err := pki.NewAuthority(time.Now())
		Expect(err).NotTo(HaveOccurred())
		certificate, err := foreign.IssueClient(time.Now())
		Expect(err).NotTo(HaveOccurred())
		stranger := right.Clone()
		stranger.Certificates = []tls.Certificate{*certificate}
		_, err = controlStatus(ctx, proxy, stranger)
		Expect(err).To(HaveOccurred())

		By("having one of the right authority that is a proxy's")
		data := secret(ctx, namespace, infra.ControlSecretName("web")).Data
		pair, err := tls.X509KeyPair(data[pki.KeyCertificate], data[pki.KeyPrivateKey])
		Expect(err).NotTo(HaveOccurred())
		another := right.Clone()
		another.Certificates = []tls.Certificate{pair}
		_, err = controlStatus(ctx, proxy, another)
		Expect(err).To(HaveOccurred())
	}, SpecTimeout(specTimeout))

	It("survives a rotation of all certificates", func(ctx context.Context) {
		before := authority(ctx)
		certificate := secret(ctx, namespace, infra.ControlSecretName("web")).Data[pki.KeyCertificate]
		ca := secret(ctx, systemNamespace, controller.AuthoritySecret)
		annotated := ca.DeepCopy()
		annotated.Annotations = map[string]string{controller.RotateAnnotation: "now"}
		Expect(k8s.Patch(ctx, annotated, client.MergeFrom(ca))).To(Succeed())

		pushes := 0
		seen := map[pki.Phase]bool{}
		Eventually(func(g Gomega) {
			// A push in every phase, at times over a connection made for it.
			phase := authority(ctx).Phase()
			if !seen[phase] {
				seen[phase] = true
				nodes.proxies(namespace, "web")[0].restart()
			}
			pushes++
			text := fmt.Sprintf("push %d", pushes)
			apply(ctx, namespace, staticResponse("hello", text))
			Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 " + text))
			g.Expect(seen).To(HaveLen(3))
			g.Expect(authority(ctx).Phase()).To(Equal(pki.Settled))
			g.Expect(authority(ctx).Equal(before)).To(BeFalse())
		}).WithTimeout(3 * time.Minute).Should(Succeed())

		Expect(secret(ctx, namespace, infra.ControlSecretName("web")).Data[pki.KeyCertificate]).NotTo(Equal(certificate))
		By("trusting the old authority no more")
		old := asController(ctx, namespace, "web")
		client, err := before.IssueClient(time.Now())
		Expect(err).NotTo(HaveOccurred())
		old.Certificates = []tls.Certificate{*client}
		Eventually(func() error {
			_, err := controlStatus(ctx, nodes.proxies(namespace, "web")[0], old)
			return err
		}).Should(HaveOccurred())
		status, err := controlStatus(ctx, nodes.proxies(namespace, "web")[0], asController(ctx, namespace, "web"))
		Expect(err).NotTo(HaveOccurred())
		Expect(status.Version).NotTo(BeEmpty())
		programmed(ctx, namespace, "web")
	}, SpecTimeout(specTimeout))

	It("mends a Secret that somebody damaged, and says so", func(ctx context.Context) {
		s := secret(ctx, namespace, infra.ControlSecretName("web"))
		damaged := s.DeepCopy()
		damaged.Data[pki.KeyCertificate] = []byte("nonsense")
		Expect(k8s.Patch(ctx, damaged, client.MergeFrom(s))).To(Succeed())
		Eventually(func(g Gomega) {
			data := secret(ctx, namespace, infra.ControlSecretName("web")).Data
			pair, err := tls.X509KeyPair(data[pki.KeyCertificate], data[pki.KeyPrivateKey])
			g.Expect(err).NotTo(HaveOccurred())
			leaf, err := x509.ParseCertificate(pair.Certificate[0])
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(leaf.VerifyHostname(pki.ServerName(namespace, "web"))).To(Succeed())
		}).Should(Succeed())
		Eventually(warnings(ctx, namespace)).Should(ContainElement(ContainSubstring("ControlSecretDamaged")))
		apply(ctx, namespace, staticResponse("hello", "second"))
		Eventually(get(ctx, namespace, "web", "/")).Should(Equal("200 second"))
	}, SpecTimeout(specTimeout))
})
