// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"hash"
	"io"
	"sync"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Identity is who the endpoints of a backend must be, and who the proxy is to them
// (config.BackendTLS, config.Gateway.BackendClientCertificate). Connections and TLS
// sessions are never shared between identities. Not to be changed once in use.
type Identity struct {
	// ServerName is sent as SNI, and must be in the certificate of an endpoint
	// unless there are SubjectAltNames.
	ServerName string
	// SubjectAltNames are the names of which a certificate must have one instead.
	SubjectAltNames []config.SubjectAltName
	// Roots are what a certificate must chain up to. nil: those that the machine
	// trusts.
	Roots *Roots
	// Client is presented to an endpoint that asks for a certificate. nil: none is.
	Client *ClientCertificate
}

// digest tells identities apart by all that is in them.
type digest [sha256.Size]byte

// digest is zero for no identity, that is for clear text.
func (i *Identity) digest() (d digest) {
	if i == nil {
		return d
	}
	h := sha256.New()
	writeField(h, i.ServerName)
	for _, san := range i.SubjectAltNames {
		writeField(h, "dns", san.DNS, "uri", san.URI)
	}
	if i.Roots != nil {
		writeField(h, "roots", string(i.Roots.digest[:]))
	}
	if i.Client != nil {
		writeField(h, "client", string(i.Client.digest[:]))
	}
	h.Sum(d[:0])
	return d
}

// writeField writes each with its length in front: no two lists look the same.
func writeField(h hash.Hash, fields ...string) {
	for _, f := range fields {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(f)))
		_, _ = h.Write(length[:]) // a hash takes everything
		_, _ = io.WriteString(h, f)
	}
}

// tlsConfig is for connections that speak the protocol over TLS. What belongs to
// one endpoint, its sessions, is for the caller to add to a clone.
func (i *Identity) tlsConfig(protocol config.BackendProtocol) (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: i.ServerName,
		NextProtos: alpn(protocol),
	}
	if i.Roots != nil {
		pool, err := i.Roots.pool()
		if err != nil {
			return nil, err
		}
		c.RootCAs = pool
	}
	if i.Client != nil {
		// Whatever authorities the endpoint names: it may know more than it says,
		// and refusing is up to it.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &i.Client.certificate, nil
		}
	}
	if len(i.SubjectAltNames) > 0 {
		// crypto/tls would insist on ServerName. VerifyConnection is called for
		// every connection, resumed ones included.
		c.InsecureSkipVerify = true
		c.VerifyConnection = (&sanVerifier{roots: c.RootCAs, names: i.SubjectAltNames}).verify
	}
	return c, nil
}

// alpn is what is offered for a protocol in TLS (RFC 7301).
func alpn(protocol config.BackendProtocol) []string {
	switch protocol {
	case Bytes:
		return nil
	case config.BackendHTTP2:
		return []string{"h2"}
	}
	return []string{"http/1.1"}
}

// Roots are the certificates of some CA bundles. Safe for concurrent use.
type Roots struct {
	digest digest
	// pool parses when it is first called: identities that are in use already
	// don't need it.
	pool func() (*x509.CertPool, error)
}

// NewRoots returns the certificates of all these bundles. An error of parsing them,
// a *config.Refusal, shows when they are needed.
func NewRoots(bundles ...*config.CABundle) *Roots {
	h := sha256.New()
	for _, b := range bundles {
		writeField(h, b.Certificates)
	}
	return &Roots{digest: digest(h.Sum(nil)), pool: sync.OnceValues(func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		for _, b := range bundles {
			certs, err := b.Parse()
			if err != nil {
				return nil, &config.Refusal{Object: b.ID, Field: "certificates", Message: err.Error()}
			}
			for _, c := range certs {
				pool.AddCert(c)
			}
		}
		return pool, nil
	})}
}

// ClientCertificate is presented to endpoints. Immutable.
type ClientCertificate struct {
	digest      digest
	certificate tls.Certificate
}

// NewClientCertificate parses a certificate. The error is a *config.Refusal, and
// quotes nothing of the key.
func NewClientCertificate(source *config.Certificate) (*ClientCertificate, error) {
	certificate, err := tls.X509KeyPair([]byte(source.Chain), []byte(source.Key))
	if err != nil {
		return nil, &config.Refusal{
			Object: source.ID, Field: "chain",
			Message: "chain and key are not a PEM certificate chain and the private key of its first certificate",
		}
	}
	h := sha256.New()
	writeField(h, source.Chain, source.Key)
	return &ClientCertificate{digest: digest(h.Sum(nil)), certificate: certificate}, nil
}

// Equal reports whether both are the same certificate with the same key, or nil.
func (c *ClientCertificate) Equal(other *ClientCertificate) bool {
	if c == nil || other == nil {
		return c == other
	}
	return c.digest == other.digest
}
