// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
)

// serveTLS starts a backend that speaks HTTP/1.1 and HTTP/2 over TLS only.
func serveTLS(t testing.TB, c *tls.Config, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS, s.EnableHTTP2 = c, true
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// tellTLS answers with what the backend knows of the proxy.
func tellTLS(w http.ResponseWriter, r *http.Request) {
	client := "nobody"
	if len(r.TLS.PeerCertificates) > 0 {
		client = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	fmt.Fprintf(w, "%s as %s by %s", r.TLS.ServerName, client, r.Proto)
}

func serverTLS(t testing.TB, ca *certtest.CA, names ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{ca.Issue("server", names...).TLS(t)}}
}

func caBundle(id string, cas ...*certtest.CA) config.CABundle {
	b := config.CABundle{ID: id}
	for _, ca := range cas {
		b.Certificates += string(ca.PEM)
	}
	return b
}

func certificate(id string, p certtest.Pair) config.Certificate {
	return config.Certificate{ID: id, Chain: string(p.Cert), Key: string(p.Key)}
}

// secured is a backend of which every endpoint is the server.
func secured(b config.Backend, server string, bundles ...string) config.Backend {
	b.TLS = &config.BackendTLS{ServerName: server, CABundles: bundles}
	return b
}

// TestServerNamesToOneAddress is what the conformance test BackendTLSPolicy does with
// two ports of a Service: the connections to one endpoint are told apart by SNI.
func TestServerNamesToOneAddress(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	app := serveTLS(t, serverTLS(t, ca, "abc.example.com", "other.example.com"), tellTLS)
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		cfg := oneRule(config.Rule{Backends: to("a", "b")},
			secured(backendAt("a", app, protocol), "abc.example.com", "ca"),
			secured(backendAt("b", app, protocol), "other.example.com", "ca"))
		cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
		gw := newGateway(t, cfg)
		client, seen := newClient(t), map[string]int{}
		for range 10 {
			seen[get(t, client, gw.URL).body]++
		}
		proto := map[config.BackendProtocol]string{config.BackendHTTP: "HTTP/1.1", config.BackendHTTP2: "HTTP/2.0"}[protocol]
		want := map[string]int{"abc.example.com as nobody by " + proto: 5, "other.example.com as nobody by " + proto: 5}
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", protocol, seen, want)
		}
	}
}

// gateways is a configuration in which a route is attached to listeners of two
// Gateways, at :81 and :82, that present certificates of their own.
func gateways(backends ...config.Backend) *config.Config {
	cfg := oneRule(config.Rule{Backends: to(backends[0].ID)}, backends...)
	cfg.Gateways, cfg.Listeners, cfg.Routes[0].Attachments = nil, nil, nil
	for i, client := range []string{"first", "second"} {
		gateway, listener := fmt.Sprint("test/", client), fmt.Sprint("test/", client, "/http")
		cfg.Gateways = append(cfg.Gateways, config.Gateway{ID: gateway, BackendClientCertificate: client})
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: listener, Gateway: gateway, Protocol: config.HTTP, Port: int32(81 + i),
		})
		cfg.Routes[0].Attachments = append(cfg.Routes[0].Attachments, config.Attachment{Listener: listener})
	}
	return cfg
}

// ask sends a request to the listener at an address.
func ask(t testing.TB, e *Engine, address string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	e.Handler(address).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://app.example.com/", nil))
	return answer{w.Result(), w.Body.String()}
}

// TestClientCertificateOfTheGateway has two Gateways share a route and its backends.
func TestClientCertificateOfTheGateway(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	server := serverTLS(t, ca, serverName)
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
	app := serveTLS(t, server, tellTLS)
	var plain atomic.Int32
	clear := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	clear.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			plain.Add(1)
		}
	}
	clear.Start()
	t.Cleanup(clear.Close)
	first, second := ca.Issue("first"), ca.Issue("second")
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		cfg := gateways(secured(backendAt("app", app, protocol), serverName, "ca"))
		cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
		cfg.Certificates = []config.Certificate{certificate("first", first), certificate("second", second)}
		engine := New(Options{})
		gw := &gatewayFixture{engine: engine}
		gw.apply(t, cfg)
		for range 3 {
			for address, want := range map[string]string{":81": " as first by ", ":82": " as second by "} {
				if got := ask(t, engine, address); !strings.Contains(got.body, want) {
					t.Errorf("%s %s: %s %q", protocol, address, got.Status, got.body)
				}
			}
		}
		// Endpoints reach the backend in each of its forms.
		for want, endpoints := range map[int][]config.Endpoint{503: nil, 200: {{Address: app}}} {
			if err := engine.SetEndpoints([]config.BackendEndpoints{{ID: "app", Endpoints: endpoints}}); err != nil {
				t.Fatal(err)
			}
			for _, address := range []string{":81", ":82"} {
				if got := ask(t, engine, address); got.StatusCode != want {
					t.Errorf("%s %s: %s, want %d", protocol, address, got.Status, want)
				}
			}
		}
		// The same certificate under two names is one.
		cfg.Certificates[1] = certificate("second", first)
		gw.apply(t, cfg)
		for _, address := range []string{":81", ":82"} {
			if got := ask(t, engine, address); !strings.Contains(got.body, " as first by ") {
				t.Errorf("%s %s: %s %q", protocol, address, got.Status, got.body)
			}
		}
		// Backends in clear text are the same for all.
		cfg.Backends = []config.Backend{backendAt("app", clear.Listener.Addr().String(), "")}
		gw.apply(t, cfg)
		for _, address := range []string{":81", ":82", ":81"} {
			if got := ask(t, engine, address); got.StatusCode != http.StatusOK {
				t.Error(got.Status)
			}
		}
		engine.Close()
	}
	if n := plain.Load(); n != 2 {
		t.Errorf("%d connections in clear text by two engines", n)
	}
}

// strictBackend accepts, of clients and servers, one generation of certificates.
type strictBackend struct {
	config atomic.Pointer[tls.Config]
}

func (b *strictBackend) use(t testing.TB, ca *certtest.CA) {
	c := serverTLS(t, ca, serverName)
	c.NextProtos = []string{"h2", "http/1.1"}
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
	b.config.Store(c)
}

// TestRotationLosesNothing changes the authority of both sides the way it is done:
// first the proxy trusts the new one too and presents a new certificate, then the
// backend changes, then the old authority goes.
func TestRotationLosesNothing(t *testing.T) {
	for _, protocol := range []config.BackendProtocol{config.BackendHTTP, config.BackendHTTP2} {
		t.Run(string(protocol), func(t *testing.T) {
			var backend strictBackend
			ca := certtest.NewCA(t, "0")
			backend.use(t, ca)
			front := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return backend.config.Load(), nil }}
			app := serveTLS(t, front, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.Write(body)
			})
			build := func(client *certtest.CA, trusted ...*certtest.CA) *config.Config {
				cfg := oneRule(config.Rule{Backends: to("app")}, secured(backendAt("app", app, protocol), serverName, "ca"))
				cfg.Gateways[0].BackendClientCertificate = "client"
				cfg.CABundles = []config.CABundle{caBundle("ca", trusted...)}
				cfg.Certificates = []config.Certificate{certificate("client", client.Issue("proxy"))}
				return cfg
			}
			gw := newGateway(t, build(ca, ca))
			stop := make(chan struct{})
			var sent [4]atomic.Int64 // by each client
			var requests sync.WaitGroup
			for i := range sent {
				client := newClient(t)
				requests.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						body := bigText(20_000)
						resp, err := client.Do(newRequest(t, http.MethodPost, gw.URL, strings.NewReader(body)))
						if err != nil {
							t.Error(err)
							return
						}
						got, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						if err != nil || string(got) != body {
							t.Errorf("%s, %d bytes, %v", resp.Status, len(got), err)
						}
						sent[i].Add(1)
					}
				})
			}
			// Some requests of each client: those that had begun before have ended then.
			some := func() {
				var enough [len(sent)]int64
				for i := range sent {
					enough[i] = sent[i].Load() + 5
				}
				for i := range sent {
					for sent[i].Load() < enough[i] && !t.Failed() {
						get(t, newClient(t), gw.URL)
					}
				}
			}
			for n := range 4 {
				next := certtest.NewCA(t, fmt.Sprint(n+1))
				some()
				gw.apply(t, build(ca, ca, next)) // a new certificate of the same authority, too
				some()
				// The backend takes the new authority of clients beside the old one.
				both := serverTLS(t, next, serverName)
				both.NextProtos = []string{"h2", "http/1.1"}
				both.ClientAuth, both.ClientCAs = tls.RequireAndVerifyClientCert, next.Pool()
				both.ClientCAs.AppendCertsFromPEM(ca.PEM)
				backend.config.Store(both)
				some()
				gw.apply(t, build(next, next))
				some()
				backend.use(t, next)
				ca = next
			}
			some()
			close(stop)
			requests.Wait()
			// Nothing goes by connections or sessions of an authority that is gone.
			gw.apply(t, build(ca, certtest.NewCA(t, "gone")))
			if got := get(t, newClient(t), gw.URL); got.StatusCode != http.StatusBadGateway {
				t.Errorf("%s with an authority that nobody trusts", got.Status)
			}
		})
	}
}

// TestHandshakeFailuresAreExplained reads in the access log which endpoint has failed
// and why. Of keys nothing is there.
func TestHandshakeFailuresAreExplained(t *testing.T) {
	ca, other := certtest.NewCA(t, "ca"), certtest.NewCA(t, "other")
	pair := other.Issue("proxy")
	app := serveTLS(t, serverTLS(t, ca, serverName), tellTLS)
	for want, b := range map[string]config.Backend{
		"certificate signed by unknown authority":          secured(backendAt("app", app, ""), serverName, "other"),
		"certificate is valid for app.example.com, not no": secured(backendAt("app", app, ""), "no.example.com", "ca"),
		"no application protocol":                          secured(backendAt("app", serveTLS(t, withoutHTTP2(serverTLS(t, ca, serverName)), tellTLS), config.BackendHTTP2), serverName, "ca"),
		"first record does not look like a TLS handshake":  secured(backendAt("app", rawBackend(t, func(c net.Conn) { send(t, c, "HTTP/1.0 400\r\n\r\n") }), ""), serverName, "ca"),
	} {
		cfg := oneRule(config.Rule{Backends: to("app")}, b)
		cfg.CABundles = []config.CABundle{caBundle("ca", ca), caBundle("other", other)}
		cfg.Certificates = []config.Certificate{certificate("client", pair)}
		cfg.Gateways[0].AccessLog = &config.AccessLog{}
		cfg.Gateways[0].BackendClientCertificate = "client"
		var log bytes.Buffer
		gw := newGatewayWith(t, cfg, Options{AccessLog: zapcore.AddSync(&log)})
		if got := ask(t, gw.engine, testAddress); got.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: %s", want, got.Status)
		}
		line := log.String()
		for _, part := range []string{want, `"status":502`, `"backend":"app"`, `"endpoint":"` + b.Endpoints[0].Address} {
			if !strings.Contains(line, part) {
				t.Errorf("%s is not in %s", part, line)
			}
		}
		key, _ := pem.Decode(pair.Key)
		if strings.Contains(line, "PRIVATE") || strings.Contains(line, string(key.Bytes)) {
			t.Error("a key is in the log")
		}
	}
}

func withoutHTTP2(c *tls.Config) *tls.Config {
	c.NextProtos = []string{"http/1.1"}
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		only := c.Clone()
		only.GetConfigForClient, only.NextProtos = nil, []string{"http/1.1"}
		return only, nil
	}
	return c
}

func TestCompileRefusesTLS(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	a, b := ca.Issue("a"), ca.Issue("b")
	for want, spoil := range map[string]func(*config.Config){
		`app: tls.ca_bundles[1]: there is no CA bundle "gone"`: func(c *config.Config) {
			c.Backends[0].TLS.CABundles = []string{"ca", "gone"}
		},
		`unused: tls.ca_bundles[0]: there is no CA bundle "gone"`: func(c *config.Config) {
			c.Backends = append(c.Backends, secured(backendAt("unused", "127.0.0.1:1", ""), serverName, "gone"))
		},
		`ca: certificates: there is no PEM block of type CERTIFICATE`: func(c *config.Config) { c.CABundles[0].Certificates = "x" },
		`test/web: backend_client_certificate: there is no certificate "gone"`: func(c *config.Config) {
			c.Gateways[0].BackendClientCertificate = "gone"
		},
		`client: chain: chain and key are not a PEM certificate chain and the private key of its first certificate`: func(c *config.Config) {
			c.Certificates[0].Key = string(b.Key)
		},
	} {
		cfg := oneRule(config.Rule{Backends: to("app")}, secured(backendAt("app", "127.0.0.1:1", ""), serverName, "ca"))
		cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
		cfg.Certificates = []config.Certificate{certificate("client", a)}
		cfg.Gateways[0].BackendClientCertificate = "client"
		spoil(cfg)
		engine := New(Options{})
		_, err := engine.Compile(cfg)
		engine.Close()
		if fmt.Sprint(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestSubjectAltNames has the name that an endpoint is asked for be nobody's.
func TestSubjectAltNames(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	const spiffe = "spiffe://example.com/ns/default/sa/app"
	server := &tls.Config{Certificates: []tls.Certificate{ca.IssueURI(spiffe).TLS(t)}}
	app := serveTLS(t, server, tellTLS)
	for uri, want := range map[string]int{spiffe: 200, spiffe + "lication": 502} {
		b := secured(backendAt("app", app, ""), "sni.example.com", "ca")
		b.TLS.SubjectAltNames = []config.SubjectAltName{{DNS: "app.example.com"}, {URI: uri}}
		cfg := oneRule(config.Rule{Backends: to("app")}, b)
		cfg.CABundles = []config.CABundle{caBundle("ca", ca)}
		gw := newGateway(t, cfg)
		got := get(t, newClient(t), gw.URL)
		if got.StatusCode != want || want == 200 && !strings.HasPrefix(got.body, "sni.example.com ") {
			t.Errorf("%s: %s %q, want %d", uri, got.Status, got.body, want)
		}
	}
}
