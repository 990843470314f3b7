// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/router"
)

// tlsHosts are the TLS configurations of the listeners of a socket by hostname.
type tlsHosts = router.Hosts[*tls.Config]

// tlsTable picks the TLS configuration for a handshake: that of the listener
// whose hostname is the most specific to cover the SNI. A client that sends no
// SNI gets the listener for every hostname. Where there is no listener the
// handshake is refused.
type tlsTable struct {
	hosts atomic.Pointer[tlsHosts]
}

func (t *tlsTable) store(hosts *tlsHosts) { t.hosts.Store(hosts) }

// config returns what an http.Server of the socket needs to do TLS.
func (t *tlsTable) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if hosts := t.hosts.Load(); hosts != nil {
				if c, ok := hosts.Lookup(router.NormalizeHost(hello.ServerName)); ok {
					return c, nil
				}
			}
			return refuseHandshake, nil
		},
	}
}

// refuseHandshake has no certificate, which crypto/tls answers with the alert
// unrecognized_name, as RFC 6066 section 3 wants. An error of GetConfigForClient
// would make it internal_error.
var refuseHandshake = &tls.Config{
	MinVersion: tls.VersionTLS12,
	// Without certificates nothing may be resumed either.
	SessionTicketsDisabled: true,
	GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil },
}

// listenerTLS returns the configuration of a listener that presents certs, and
// verifies clients by a rule, see config.ListenerTLS. The session ticket keys are for
// the caller to set. A TLS listener negotiates no protocol (ALPN): what its endpoints
// speak it does not know.
func listenerTLS(protocol config.Protocol, certs []*tls.Certificate, clients *clientRule) *tls.Config {
	if len(certs) == 0 {
		return refuseHandshake
	}
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return chooseCertificate(hello, certs), nil
		},
	}
	if protocol == config.HTTPS {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	clients.apply(c)
	return c
}

// chooseCertificate returns, of the certificates that the client can use, the first
// that has the SNI as a name, else the first with a wildcard for it, else the first;
// nil if there is none. The Gateway API wants the longest match, and all wildcards
// that cover a name are equally long (RFC 6125, section 6.4.3).
func chooseCertificate(hello *tls.ClientHelloInfo, certs []*tls.Certificate) *tls.Certificate {
	// SupportsCertificate also demands that the certificate has the name that the
	// client asked for, unless it asked for none.
	nameless := *hello
	nameless.ServerName = ""
	var wildcard, usable *tls.Certificate
	for _, cert := range certs {
		if nameless.SupportsCertificate(cert) != nil {
			continue
		}
		if hello.ServerName == "" || hasName(cert.Leaf, hello.ServerName) {
			return cert
		}
		if wildcard == nil && cert.Leaf.VerifyHostname(hello.ServerName) == nil {
			wildcard = cert
		}
		if usable == nil {
			usable = cert
		}
	}
	return cmp.Or(wildcard, usable)
}

// hasName says whether the name itself is among those of the certificate.
func hasName(cert *x509.Certificate, name string) bool {
	return slices.ContainsFunc(cert.DNSNames, func(n string) bool { return strings.EqualFold(n, name) })
}
