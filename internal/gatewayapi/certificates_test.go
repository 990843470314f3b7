// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"crypto/x509"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/test/certtest"
)

// The times of a certificate are those of the leaf, which comes first.
func TestCertificateIsBounded(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	from, to := time.Unix(1.7e9, 0), time.Unix(1.9e9, 0)
	pair := ca.IssueLike(x509.Certificate{DNSNames: []string{"a.example"}, NotBefore: from, NotAfter: to})
	got, err := readCertificate(types.NamespacedName{Name: "c"}, &corev1.Secret{Data: map[string][]byte{
		corev1.TLSCertKey: append(pair.Cert, ca.PEM...), corev1.TLSPrivateKeyKey: pair.Key,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !got.NotBefore.Equal(from) || !got.NotAfter.Equal(to) {
		t.Errorf("from %v to %v, want %v to %v", got.NotBefore, got.NotAfter, from, to)
	}
}
