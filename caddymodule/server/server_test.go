// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/test/certtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSet returns a Set whose handler is handle, or answers with the address of
// the socket.
func newSet(t testing.TB, handle http.HandlerFunc) *Set {
	t.Helper()
	return newSetWithStore(t, handle, nil)
}

func newSetWithStore(t testing.TB, handle http.HandlerFunc, store *fdstore.Client) *Set {
	t.Helper()
	s := New(Options{
		Handler: func(address string) http.Handler {
			if handle != nil {
				return handle
			}
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, address) })
		},
		CloseTimeout: 5 * time.Second,
		Store:        store,
		Logger:       zaptest.NewLogger(t),
	})
	t.Cleanup(s.Close)
	return s
}

func apply(t testing.TB, s *Set, cfg *config.Config) {
	t.Helper()
	change, err := s.Prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	change.Commit()
}

// plain is a configuration with HTTP listeners on the addresses.
func plain(addresses ...string) *config.Config {
	cfg := &config.Config{Gateways: []config.Gateway{{ID: "test/gw"}}}
	for i, address := range addresses {
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: fmt.Sprintf("test/gw/l%d", i), Gateway: "test/gw", Protocol: config.HTTP, Port: 80, Address: address,
		})
	}
	return cfg
}

// newClient returns a client with connections of its own.
func newClient(t testing.TB, tlsConfig *tls.Config, protocols *http.Protocols) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: tlsConfig, Protocols: protocols, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func get(client *http.Client, url string) (string, error) {
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func mustGet(t testing.TB, client *http.Client, url string) string {
	t.Helper()
	body, err := get(client, url)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// httpsListener is a listener on address for hostname with certificates.
func httpsListener(name, address, hostname string, certs ...string) config.Listener {
	return config.Listener{
		ID: "test/gw/" + name, Gateway: "test/gw", Protocol: config.HTTPS, Port: 443, Address: address,
		Hostname: hostname, TLS: &config.ListenerTLS{Certificates: certs},
	}
}

func certificate(id string, p certtest.Pair) config.Certificate {
	return config.Certificate{ID: id, Chain: string(p.Cert), Key: string(p.Key)}
}

// handshake connects with the SNI and returns the leaf that the server presents.
// Which name is in it is not verified.
func handshake(address string, cfg *tls.Config) (*tls.Conn, *x509.Certificate, error) {
	cfg = cfg.Clone()
	cfg.InsecureSkipVerify = true
	dialer := tls.Dialer{Config: cfg}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	conn := c.(*tls.Conn)
	return conn, conn.ConnectionState().PeerCertificates[0], nil
}

func subject(t testing.TB, address, sni string) string {
	t.Helper()
	conn, leaf, err := handshake(address, &tls.Config{ServerName: sni})
	if err != nil {
		return refused(err)
	}
	conn.Close()
	return leaf.Subject.CommonName
}

// refused is how the handshake was refused, as shown to tests.
func refused(err error) string {
	if strings.Contains(err.Error(), "unrecognized name") {
		return "unrecognized name"
	}
	return err.Error()
}

// eventually waits until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
