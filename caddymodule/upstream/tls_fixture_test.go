// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// serverName is who endpoints are in tests unless they are somebody else.
const serverName = "app.example.com"

// eachTLS runs a test for both versions.
func eachTLS(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { test(t, version) })
	}
}

// identity trusts the CA that the endpoint is called serverName.
func identity(ca *certtest.CA) *Identity {
	return &Identity{ServerName: serverName, Roots: NewRoots(bundle(ca))}
}

func bundle(ca *certtest.CA) *config.CABundle {
	return &config.CABundle{ID: "ConfigMap/test/ca", Certificates: string(ca.PEM)}
}

// serverConfig is for an endpoint with a certificate, in one version of TLS.
func serverConfig(t testing.TB, pair certtest.Pair, version uint16) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}, MinVersion: version, MaxVersion: version}
}

// listenTLS is listen for connections of which the handshake has been done. Those
// whose handshake fails are not served.
func listenTLS(t testing.TB, c *tls.Config, serve func(n int, c *tls.Conn)) string {
	return listen(t, func(n int, nc net.Conn) {
		secured := tls.Server(nc, c)
		if secured.HandshakeContext(t.Context()) == nil {
			serve(n, secured)
		}
	})
}

// newBackendTLS is a backend of HTTP/1.1 over TLS.
func newBackendTLS(t testing.TB, i *Identity, addresses ...string) *Backend {
	t.Helper()
	return newBackendOf(t, Spec{ID: "app", TLS: i}, addresses...)
}

func clientCertificate(t testing.TB, pair certtest.Pair) *ClientCertificate {
	t.Helper()
	c, err := NewClientCertificate(&config.Certificate{ID: "Secret/test/client", Chain: string(pair.Cert), Key: string(pair.Key)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
