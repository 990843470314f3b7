// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testAddress is the bind address of the listeners in tests, which are served by
// a server on another port.
const testAddress = ":80"

// gatewayFixture is an engine behind a real server that speaks HTTP/1.1 and h2c.
type gatewayFixture struct {
	engine *Engine
	server *httptest.Server
	// URL and Address of the server.
	URL, Address string
}

// newGateway serves cfg until the test ends.
func newGateway(t testing.TB, cfg *config.Config) *gatewayFixture {
	t.Helper()
	return newGatewayWith(t, cfg, Options{})
}

func newGatewayWith(t testing.TB, cfg *config.Config, options Options) *gatewayFixture {
	t.Helper()
	engine := New(options)
	t.Cleanup(engine.Close)
	g := &gatewayFixture{engine: engine}
	g.apply(t, cfg)
	g.server = httptest.NewUnstartedServer(engine.Handler(testAddress))
	g.server.Config.Protocols = allProtocols()
	g.server.Config.DisableGeneralOptionsHandler = true
	g.server.Start()
	t.Cleanup(g.server.Close)
	g.URL, g.Address = g.server.URL, g.server.Listener.Addr().String()
	return g
}

func (g *gatewayFixture) apply(t testing.TB, cfg *config.Config) {
	t.Helper()
	table, err := g.engine.Compile(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g.engine.Swap(table)
}

func allProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// oneRule is a configuration in which every request meets the rule.
func oneRule(rule config.Rule, backends ...config.Backend) *config.Config {
	return &config.Config{
		Gateways:  []config.Gateway{{ID: "test/web"}},
		Listeners: []config.Listener{{ID: "test/web/http", Gateway: "test/web", Protocol: config.HTTP, Port: 80}},
		Routes: []config.Route{{
			ID:          "HTTPRoute/test/web",
			Attachments: []config.Attachment{{Listener: "test/web/http"}},
			Rules:       []config.Rule{rule},
		}},
		Backends:  backends,
		CABundles: testBundles(),
	}
}

// oneBackend forwards every request to an address.
func oneBackend(address string, protocol config.BackendProtocol) *config.Config {
	return oneRule(config.Rule{Backends: to("app")}, backendAt("app", address, protocol))
}

func to(ids ...string) (shares []config.WeightedBackend) {
	for _, id := range ids {
		shares = append(shares, config.WeightedBackend{Backend: id, Weight: 1})
	}
	return shares
}

func backendAt(id, address string, protocol config.BackendProtocol) config.Backend {
	return withTLS(config.Backend{ID: id, Protocol: protocol, Endpoints: []config.Endpoint{{Address: address}}})
}

// serve starts a backend that speaks HTTP/1.1 and HTTP/2, both in clear text and over
// TLS, and returns its address.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Listener = newEitherListener(t, s.Listener)
	s.Config.Protocols = allProtocols()
	s.Config.ErrorLog = quiet
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func serveFunc(t testing.TB, h http.HandlerFunc) string { return serve(t, h) }

// rawBackend answers each connection with a function that sees its bytes.
func rawBackend(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serve(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// newClient is an HTTP client with connections of its own, which follows no
// redirects.
func newClient(t testing.TB, change ...func(*http.Transport)) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	for _, f := range change {
		f(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// overH2C makes a client speak HTTP/2 with prior knowledge.
func overH2C(t *http.Transport) {
	t.Protocols = new(http.Protocols)
	t.Protocols.SetUnencryptedHTTP2(true)
}

// withSNI makes a client speak HTTP/2 over TLS to an address whatever the URL
// says, and name a server.
func withSNI(address, name string) func(*http.Transport) {
	return func(t *http.Transport) {
		t.ForceAttemptHTTP2 = true
		t.TLSClientConfig = &tls.Config{ServerName: name, InsecureSkipVerify: true}
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

func do(t testing.TB, client *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("reading the response: %v", err)
	}
	return answer{resp, string(body)}
}

func get(t testing.TB, client *http.Client, url string) answer {
	t.Helper()
	return do(t, client, newRequest(t, http.MethodGet, url, nil))
}

func bigText(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
