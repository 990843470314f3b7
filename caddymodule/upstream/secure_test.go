// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

func TestEndpointsMustProveWhoTheyAre(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "ca")
	names := func(list ...config.SubjectAltName) *Identity {
		i := identity(ca)
		i.SubjectAltNames = list
		return i
	}
	dns := func(name string) config.SubjectAltName { return config.SubjectAltName{DNS: name} }
	uri := func(name string) config.SubjectAltName { return config.SubjectAltName{URI: name} }
	const spiffe = "spiffe://example.com/ns/default/sa/app"
	yesterday := time.Now().Add(-24 * time.Hour)
	expired := x509.Certificate{DNSNames: []string{serverName}, NotBefore: yesterday, NotAfter: yesterday.Add(time.Hour)}
	client := x509.Certificate{DNSNames: []string{serverName}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	address := x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	for _, tt := range []struct {
		name string
		who  certtest.Pair
		i    *Identity
		want string // in the error, empty for success
	}{
		{"the server name", ca.Issue("", serverName), identity(ca), ""},
		{"the server name in capitals", ca.Issue("", "APP.example.com"), identity(ca), ""},
		{"a wildcard for it", ca.Issue("", "*.example.com"), identity(ca), ""},
		{"a wildcard for another label", ca.Issue("", "*.app.example.com"), identity(ca), "not " + serverName},
		{"another name", ca.Issue("", "other.example.com"), identity(ca), "not " + serverName},
		{"a common name only", ca.Issue(serverName), identity(ca), "x509: certificate"},
		{"another CA", other.Issue("", serverName), identity(ca), "unknown authority"},
		{"no such CA on this machine", ca.Issue("", serverName), &Identity{ServerName: serverName}, "unknown authority"},
		{"no CA at all", ca.Issue("", serverName), &Identity{ServerName: serverName, Roots: NewRoots()}, "unknown authority"},
		{"expired", ca.IssueLike(expired), identity(ca), "expired"},
		{"for clients only", ca.IssueLike(client), identity(ca), "incompatible key usage"},

		{"a DNS name", ca.Issue("", "x.test", "san.test"), names(dns("no.test"), dns("san.test")), ""},
		{"a DNS name in capitals", ca.Issue("", "SAN.test"), names(dns("san.TEST")), ""},
		{"a wildcard for a DNS name", ca.Issue("", "*.test"), names(dns("san.test")), ""},
		{"a wildcard for one label only", ca.Issue("", "*.test"), names(dns("a.san.test")), errNoSAN.Error()},
		{"a wildcard itself", ca.Issue("", "*.Test"), names(dns("*.test")), ""},
		{"a name under a wildcard", ca.Issue("", "san.test"), names(dns("*.test")), errNoSAN.Error()},
		{"the server name, but no SAN", ca.Issue("", serverName), names(dns("san.test")), errNoSAN.Error()},
		{"a common name for a SAN", ca.Issue("san.test"), names(dns("san.test")), errNoSAN.Error()},
		{"an address for a DNS name", ca.IssueLike(address), names(dns("127.0.0.1")), errNoSAN.Error()},
		{"a URI", ca.IssueURI("https://x.test/", spiffe), names(dns("san.test"), uri(spiffe)), ""},
		{"another URI", ca.IssueURI(spiffe + "/x"), names(uri(spiffe)), errNoSAN.Error()},
		{"a URI for a DNS name", ca.IssueURI("san.test"), names(dns("san.test")), errNoSAN.Error()},
		{"a SAN of another CA", other.Issue("", "san.test"), names(dns("san.test")), "unknown authority"},
		{"a SAN that has expired", ca.IssueLike(expired), names(dns(serverName)), "expired"},
		{"a SAN for clients only", ca.IssueLike(client), names(dns(serverName)), "incompatible key usage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachTLS(t, func(t *testing.T, version uint16) {
				b := newBackendTLS(t, tt.i, listenTLS(t, serverConfig(t, tt.who, version), func(_ int, c *tls.Conn) { answerAll(c) }))
				// A session that is resumed is no way around.
				for range 2 {
					err := get(t, b)
					if tt.want == "" {
						if err != nil {
							t.Fatal(err)
						}
						theEndpoint(b).pop().close()
						continue
					}
					wantKind(t, err, ConnectFailed)
					for _, want := range []string{theEndpoint(b).address, "TLS handshake as a client of " + serverName, tt.want} {
						if !strings.Contains(err.Error(), want) {
							t.Errorf("error %q does not say %q", err, want)
						}
					}
				}
			})
		})
	}
}

// TestHandshakeOfferings looks at what an endpoint is told.
func TestHandshakeOfferings(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	for protocol, alpn := range map[config.BackendProtocol]string{"": "http/1.1", config.BackendHTTP: "http/1.1", config.BackendHTTP2: "h2"} {
		hellos := make(chan *tls.ClientHelloInfo, 1)
		server := serverConfig(t, ca.Issue("", serverName), tls.VersionTLS12)
		server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			hellos <- hello
			return nil, io.ErrClosedPipe
		}
		b := newBackendOf(t, Spec{ID: "app", Protocol: protocol, TLS: identity(ca)}, listenTLS(t, server, nil))
		wantKind(t, get(t, b), ConnectFailed)
		hello := <-hellos
		if hello.ServerName != serverName || len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != alpn {
			t.Errorf("%q: SNI %q, ALPN %q", protocol, hello.ServerName, hello.SupportedProtos)
		}
		for _, v := range hello.SupportedVersions {
			if v < tls.VersionTLS12 {
				t.Errorf("%q: %s is offered", protocol, tls.VersionName(v))
			}
		}
	}
}

func TestEndpointsThatDoNotAgree(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	old := serverConfig(t, ca.Issue("", serverName), tls.VersionTLS11)
	old.MinVersion = tls.VersionTLS10
	with := func(alpn ...string) *tls.Config {
		c := serverConfig(t, ca.Issue("", serverName), tls.VersionTLS13)
		c.NextProtos = alpn
		return c
	}
	for _, tt := range []struct {
		name     string
		protocol config.BackendProtocol
		server   *tls.Config
		want     string
	}{
		{"TLS 1.1", config.BackendHTTP, old, "protocol version"},
		{"another protocol", config.BackendHTTP, with("imap"), "no application protocol"},
		{"HTTP/1.1 only", config.BackendHTTP2, with("http/1.1"), "no application protocol"},
		{"no ALPN", config.BackendHTTP2, with(), errNoHTTP2.Error()},
	} {
		b := newBackendOf(t, Spec{ID: "app", Protocol: tt.protocol, TLS: identity(ca)},
			listenTLS(t, tt.server, func(_ int, c *tls.Conn) { io.Copy(io.Discard, c) }))
		err := get(t, b)
		wantKind(t, err, ConnectFailed)
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestNoTLSAtTheEndpoint has endpoints that speak in clear text, or close, or say
// nothing until the time for it is over.
func TestNoTLSAtTheEndpoint(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	live := listenTLS(t, serverConfig(t, ca.Issue("", serverName), tls.VersionTLS13), func(_ int, c *tls.Conn) { answerAll(c) })
	for want, serve := range map[string]func(net.Conn){
		"first record does not look like a TLS handshake": func(c net.Conn) { io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") },
		errTruncated.Error(): func(c net.Conn) {
			io.ReadFull(c, make([]byte, 10))
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		},
		errHandshakeTimeout.Error(): func(c net.Conn) { io.Copy(io.Discard, c) },
	} {
		address := listen(t, func(_ int, c net.Conn) { serve(c) })
		err := get(t, newBackendTLS(t, identity(ca), address))
		wantKind(t, err, ConnectFailed)
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), address) {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	// Nothing was sent: another endpoint may be tried, and is preferred for a while.
	b := newBackendTLS(t, identity(ca), listenHTTP(t), live)
	for range 20 {
		if err := exchange(t, b, post(t, strings.Repeat("x", 20_000))); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range b.set.Load().ready {
		if hasFailed(e) != (e.address != live) {
			t.Errorf("%s is failing: %v", e.address, hasFailed(e))
		}
	}
}

// TestSlowConnect has requests whose time, or whose client's patience, is over sooner than
// that of a connect: an endpoint that is gone without a word is to rest all the same.
func TestSlowConnect(t *testing.T) {
	t.Parallel()
	ca := certtest.NewCA(t, "ca")
	silent := listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2, Bytes} {
		for _, cancels := range []bool{true, false} {
			b := newBackendOf(t, Spec{ID: "app", Protocol: protocol, TLS: identity(ca)}, silent)
			const patience = slowConnect + slowConnect/10
			ctx, cancel := context.WithCancel(t.Context())
			q, want := newRequest(ctx, http.MethodGet), Timeout
			if cancels || protocol == Bytes {
				time.AfterFunc(patience, cancel)
				want = Canceled
			} else {
				q.TryTimeout = patience
			}
			if protocol == Bytes {
				_, err := b.Dial(ctx, nil)
				wantKind(t, err, want)
			} else {
				wantKind(t, exchange(t, b, q), want)
			}
			cancel()
			for deadline := time.Now().Add(20 * time.Second); !hasFailed(theEndpoint(b)); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: the endpoint does not rest", protocol)
				}
			}
		}
	}
}

// TestHandshakeEndsWithTheRequest has an endpoint that takes connections and says
// nothing. A handshake of HTTP/2 is for whoever comes next, too, and goes on.
func TestHandshakeEndsWithTheRequest(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		gone, end := make(chan struct{}, 3), make(chan struct{})
		b := newBackendOf(t, Spec{ID: "app", Protocol: protocol, TLS: identity(ca)}, listen(t, func(_ int, c net.Conn) {
			if protocol == config.BackendHTTP2 {
				<-end
				return
			}
			io.Copy(io.Discard, c)
			gone <- struct{}{}
		}))
		try := func(q *Request, want Kind) {
			t.Helper()
			begin := time.Now()
			wantKind(t, exchange(t, b, q), want)
			if took := time.Since(begin); took >= dialTimeout {
				t.Errorf("%s: a request with 20 ms took %s", protocol, took)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		try(newRequest(ctx, http.MethodGet), Canceled)
		try(bounded(t.Context(), time.Now().Add(20*time.Millisecond), newRequest(t.Context(), http.MethodGet)), Timeout)
		q := newRequest(t.Context(), http.MethodGet)
		q.TryTimeout = 20 * time.Millisecond
		try(q, Timeout)
		if hasFailed(theEndpoint(b)) {
			t.Errorf("%s: the endpoint is blamed for the request", protocol)
		}
		close(end)
		if protocol == config.BackendHTTP {
			for range 3 {
				<-gone
			}
		}
	}
}

// TestClientCertificate has endpoints that ask for one, and name authorities that
// did not issue it, which is no reason to keep it back.
func TestClientCertificate(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	pair := ca.Issue("proxy")
	certificate := clientCertificate(t, pair)
	eachTLS(t, func(t *testing.T, version uint16) {
		for _, tt := range []struct {
			name string
			auth tls.ClientAuthType
			cert *ClientCertificate
			want string // what the endpoint gets
			err  string
		}{
			{"asked for", tls.RequireAnyClientCert, certificate, string(pair.TLS(t).Leaf.Raw), ""},
			{"not asked for", tls.NoClientCert, certificate, "", ""},
			{"not there", tls.RequestClientCert, nil, "", ""},
			{"missing", tls.RequireAnyClientCert, nil, "", "remote error: tls: "},
			{"of another authority", tls.RequireAndVerifyClientCert, certificate, "", "remote error: tls: "},
		} {
			server := serverConfig(t, ca.Issue("", serverName), version)
			server.ClientAuth, server.ClientCAs = tt.auth, certtest.NewCA(t, "other").Pool()
			got := make(chan string, 1)
			i := identity(ca)
			i.Client = tt.cert
			b := newBackendTLS(t, i, listenTLS(t, server, func(_ int, c *tls.Conn) {
				presented := ""
				if peers := c.ConnectionState().PeerCertificates; len(peers) > 0 {
					presented = string(peers[0].Raw)
				}
				got <- presented
				answerAll(c)
			}))
			err := get(t, b)
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%s: %v", tt.name, err)
				}
			case err != nil:
				t.Errorf("%s: %v", tt.name, err)
			default:
				if presented := <-got; presented != tt.want {
					t.Errorf("%s: %d bytes were presented, want %d", tt.name, len(presented), len(tt.want))
				}
			}
		}
	})
}

func TestClientCertificateIsParsed(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	a, b := ca.Issue("a"), ca.Issue("b")
	_, err := NewClientCertificate(&config.Certificate{ID: "Secret/test/client", Chain: string(a.Cert), Key: string(b.Key)})
	if refusal, ok := err.(*config.Refusal); !ok || refusal.Object != "Secret/test/client" {
		t.Errorf("error %v, want a refusal of the certificate", err)
	}
}
