// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

var (
	errNoCertificate = errors.New("the endpoint has no certificate")
	errNoSAN         = errors.New("the certificate of the endpoint has none of the subject alternative names that are expected")
)

// sanVerifier verifies the certificates of endpoints that are known by other names
// than their SNI (GEP-1897, subjectAltNames).
type sanVerifier struct {
	roots *x509.CertPool // nil: those of the machine
	names []config.SubjectAltName
}

// verify does all that crypto/tls would do, but for the name.
func (v *sanVerifier) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errNoCertificate
	}
	leaf := state.PeerCertificates[0]
	intermediates := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	if !slices.ContainsFunc(v.names, func(name config.SubjectAltName) bool { return hasSAN(leaf, name) }) {
		return errNoSAN
	}
	return nil
}

// hasSAN reports whether a certificate has a name, see config.SubjectAltName.
func hasSAN(leaf *x509.Certificate, name config.SubjectAltName) bool {
	if name.URI != "" {
		for _, u := range leaf.URIs {
			if u.String() == name.URI {
				return true
			}
		}
		return false
	}
	if strings.HasPrefix(name.DNS, "*.") {
		return slices.ContainsFunc(leaf.DNSNames, func(n string) bool { return strings.EqualFold(n, name.DNS) })
	}
	// VerifyHostname would look an address up among those of the certificate,
	// which are no DNS names.
	_, err := netip.ParseAddr(name.DNS)
	return err != nil && name.DNS != "" && leaf.VerifyHostname(name.DNS) == nil
}
