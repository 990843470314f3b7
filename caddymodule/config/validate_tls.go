// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// validate reports no detail of the parser's: it could quote the key.
func (c *Certificate) validate() error {
	if _, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.Key)); err != nil {
		return refuse(c.ID, "chain", "chain and key are not a PEM certificate chain and the private key of its first certificate")
	}
	return nil
}

func (b *CABundle) validate() error {
	if _, err := b.Parse(); err != nil {
		return refuse(b.ID, "certificates", "%v", err)
	}
	return nil
}

// Parse returns the certificates of the bundle, at least one. One that can't be
// parsed, or that is none, makes the bundle invalid: half of it would let in fewer
// peers than it says, and nobody would know why.
func (b *CABundle) Parse() ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for rest := []byte(b.Certificates); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %d is of type %s: CERTIFICATE is expected", len(certs)+1, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d is not a certificate: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no PEM block of type CERTIFICATE")
	}
	return certs, nil
}

func (v *validator) listenerTLS(l *Listener) error {
	if l.TLS == nil {
		return nil
	}
	if err := oneOf(l.ID, "tls.mode", l.TLS.Mode, "", TLSTerminate, TLSPassthrough); err != nil {
		return err
	}
	if l.TLS.Mode == TLSPassthrough {
		switch {
		case l.Protocol != TLS:
			return refuse(l.ID, "tls.mode", "passthrough goes with protocol TLS only")
		case len(l.TLS.Certificates) > 0:
			return refuse(l.ID, "tls.certificates", "does not go with mode passthrough, which decrypts nothing")
		case l.TLS.ClientValidation != nil:
			return refuse(l.ID, "tls.client_validation", "does not go with mode passthrough, which decrypts nothing")
		}
	}
	for i, id := range l.TLS.Certificates {
		if !v.certificates[id] {
			return refuse(l.ID, fmt.Sprintf("tls.certificates[%d]", i), "there is no certificate %q", id)
		}
	}
	c := l.TLS.ClientValidation
	if c == nil {
		return nil
	}
	if len(c.CABundles) == 0 {
		return refuse(l.ID, "tls.client_validation.ca_bundles", "at least one is needed")
	}
	if err := v.caBundles(l.ID, "tls.client_validation.ca_bundles", c.CABundles); err != nil {
		return err
	}
	return oneOf(l.ID, "tls.client_validation.mode", c.Mode, "", ClientCertRequire, ClientCertInsecureFallback)
}

func (v *validator) caBundles(object, field string, ids []string) error {
	for i, id := range ids {
		if !v.bundles[id] {
			return refuse(object, fmt.Sprintf("%s[%d]", field, i), "there is no CA bundle %q", id)
		}
	}
	return nil
}

// agrees reports whether listeners of one address may let clients in by these two. One
// that lets nobody in agrees with all.
func (t *ListenerTLS) agrees(other *ListenerTLS) bool {
	if t.shut() || other.shut() {
		return true
	}
	a, b := t.ClientValidation, other.ClientValidation
	if a == nil || b == nil {
		return a == b
	}
	return a.insecure() == b.insecure() && slices.Equal(a.CABundles, b.CABundles)
}

// shut reports whether every handshake is refused, whatever the client presents.
func (t *ListenerTLS) shut() bool {
	return t == nil || len(t.Certificates) == 0 && t.ClientValidation == nil
}

func (c *ClientValidation) insecure() bool { return c.Mode == ClientCertInsecureFallback }

func (v *validator) backendTLS(b *Backend) error {
	t := b.TLS
	if t == nil {
		return nil
	}
	if t.ServerName == "" {
		return refuse(b.ID, "tls.server_name", "a name is needed")
	}
	if err := preciseHostname(b.ID, "tls.server_name", t.ServerName); err != nil {
		return err
	}
	for i, san := range t.SubjectAltNames {
		if err := san.validate(b.ID, fmt.Sprintf("tls.subject_alt_names[%d]", i)); err != nil {
			return err
		}
	}
	if (len(t.CABundles) > 0) == t.SystemCAs {
		return refuse(b.ID, "tls.ca_bundles", "either CA bundles or system_cas is needed")
	}
	return v.caBundles(b.ID, "tls.ca_bundles", t.CABundles)
}

func (s SubjectAltName) validate(object, field string) error {
	switch {
	case (s.DNS == "") == (s.URI == ""):
		return refuse(object, field, "exactly one of dns and uri is needed")
	case s.DNS != "":
		return hostname(object, field+".dns", s.DNS, false)
	}
	if !IsAbsoluteURI(s.URI) {
		return refuse(object, field+".uri", "%q is not a URI with a scheme", s.URI)
	}
	return nil
}

// IsAbsoluteURI says whether s is a URI that begins with a scheme. Whoever takes a
// SubjectAltName from users calls it early, as a Config with one that is wrong is
// refused whole.
func IsAbsoluteURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}
