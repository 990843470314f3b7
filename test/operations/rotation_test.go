// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build operations

package operations

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kubera-dev/kubera/internal/infra"
)

func rotating() {
	It("the certificate of a listener loses nothing", func(ctx context.Context) {
		before, err := presented(ctx)
		Expect(err).NotTo(HaveOccurred())
		losesNothing(func() {
			apply(ctx, certificate())
			Eventually(presented).WithArguments(ctx).WithContext(ctx).ShouldNot(Equal(before))
		})
	}, NodeTimeout(specTimeout))

	// All of it takes twenty minutes and more. What comes first is that a new authority
	// is trusted, by every proxy, and that pushes go on.
	It("the authority of the control channel loses nothing", func(ctx context.Context) {
		before := trusted(ctx)
		losesNothing(func() {
			kubectl(ctx, "--namespace="+systemNamespace, "annotate", "secret", "kubera-control-authority", "gateway.kubera.dev/rotate=now")
			Eventually(trusted).WithArguments(ctx).WithContext(ctx).Should(Equal(before + 1))
			follows(ctx, "after a new authority")
		})
		programmed(ctx)
	}, NodeTimeout(specTimeout))
}

// presented is the serial number of the certificate of the listener https.
func presented(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: authority.Pool(), ServerName: hostname}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address, "443"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// trusted is the number of authorities that the proxies of the Gateway trust.
func trusted(ctx context.Context) int {
	GinkgoHelper()
	var secret corev1.Secret
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: infra.ControlSecretName(gatewayName)}, &secret)).To(Succeed())
	return bytes.Count(secret.Data["ca.crt"], []byte("BEGIN CERTIFICATE"))
}
