// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/runtime"
	"github.com/kubera-dev/kubera/test/certtest"
)

// overHTTP3 has two HTTPS listeners that serve HTTP/3, too.
func overHTTP3(ca *certtest.CA) func(*config.Config) {
	return func(cfg *config.Config) {
		verifyingClients(ca.Issue("server", "a.example", "b.example"))(cfg)
		cfg.Gateways[0].HTTP3 = true
		cfg.Listeners[0].Hostname = "a.example"
		second := cfg.Listeners[0]
		second.ID, second.Hostname = "test/web/second", "b.example"
		cfg.Listeners = append(cfg.Listeners, second)
		cfg.Routes[0].Attachments = append(cfg.Routes[0].Attachments, config.Attachment{Listener: second.ID})
	}
}

// h3 is a client of HTTP/3 that has one connection, to a gateway.
type h3 struct {
	*http.Client
	transport *http3.Transport
	gateway   *gateway
	dialed    int
}

func newH3(t *testing.T, gw *gateway, ca *certtest.CA, present ...tls.Certificate) *h3 {
	t.Helper()
	c := &h3{gateway: gw}
	c.transport = &http3.Transport{
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example", Certificates: present},
		Dial: func(ctx context.Context, _ string, tc *tls.Config, qc *quic.Config) (*quic.Conn, error) {
			c.dialed++
			tc.ServerName = "a.example" // whatever the URL says
			return quic.DialAddrEarly(ctx, gw.address, tc, qc)
		},
	}
	t.Cleanup(func() { c.transport.Close() })
	c.Client = &http.Client{Transport: c.transport, Timeout: patience}
	return c
}

func (c *h3) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body), err}
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// serveHTTP starts a backend of HTTP/1.1.
func serveHTTP(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestHTTP3(t *testing.T) {
	app := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, " ", r.Host, " ", r.RequestURI, " ", r.ContentLength, " ", r.TransferEncoding, " ", r.Header.Get("X-Forwarded-For"), " ", r.Header.Get("X-Forwarded-Proto")))
		w.Header().Set("Trailer", "X-End")
		_, _ = w.Write(body)
		w.Header().Set("X-End", r.Trailer.Get("X-Sent"))
	})
	ca := certtest.NewCA(t, "ca")
	gw := newGateway(t, site(t, app, overHTTP3(ca)))
	client := newH3(t, gw, ca)
	text := strings.Repeat("0123456789abcdef", 1<<16)
	for method, body := range map[string]string{"GET": "", "HEAD": "", "DELETE": "", "POST": "hello", "PUT": text} {
		var r *http.Request
		if body == "" {
			r = request(t, method, "https://a.example/a%2Fb?c=d", nil)
		} else {
			r = request(t, method, "https://a.example/a%2Fb?c=d", strings.NewReader(body))
		}
		got := client.do(t, r)
		want := fmt.Sprint(method, " a.example /a%2Fb?c=d ", len(body), " [] 127.0.0.1 https")
		if got.StatusCode != http.StatusOK || got.Proto != "HTTP/3.0" || got.body != body || got.cut != nil || got.Header.Get("X-Seen") != want {
			t.Errorf("%s: %s %s, %d bytes, %v, seen %q, want %q", method, got.Proto, got.Status, len(got.body), got.cut, got.Header.Get("X-Seen"), want)
		}
		if got.Header.Get("Alt-Svc") != "" || got.Header.Get("Connection") != "" {
			t.Errorf("%s: header %v", method, got.Header)
		}
	}
	r := request(t, http.MethodPost, "https://a.example/", io.MultiReader(strings.NewReader("streamed"))) // of unknown length
	r.Trailer = http.Header{"X-Sent": {"last"}}
	if got := client.do(t, r); got.body != "streamed" || got.Trailer.Get("X-End") != "last" {
		t.Errorf("streamed: %q, trailer %v", got.body, got.Trailer)
	}
	if got := client.do(t, request(t, http.MethodGet, "https://a.example:1/", nil)); got.StatusCode != http.StatusOK {
		t.Errorf("a port in the host: %s", got.Status)
	}
}

// TestHTTP3IsAnnounced by HTTPS listeners of Gateways that have it, on all of their
// responses.
func TestHTTP3IsAnnounced(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	cfg := site(t, "127.0.0.1:1", overHTTP3(ca))
	gw := newGateway(t, cfg)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), ServerName: "a.example"}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, gw.address)
		},
	}}
	defer client.CloseIdleConnections()
	announced := func() string {
		t.Helper()
		resp, err := client.Do(request(t, http.MethodGet, "https://a.example/", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.Header.Get("Alt-Svc")
	}
	want := fmt.Sprintf(`h3=":%d"; ma=86400`, cfg.Listeners[0].Port)
	if got := announced(); got != want {
		t.Errorf("502 has Alt-Svc %q, want %q", got, want)
	}
	cfg.Routes[0].Rules = []config.Rule{static("hello")}
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	if got := announced(); got != want {
		t.Errorf("200 has Alt-Svc %q, want %q", got, want)
	}
	cfg.Gateways = slices.Clone(cfg.Gateways)
	cfg.Gateways[0].HTTP3 = false
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	if got := announced(); got != "" {
		t.Errorf("without HTTP/3: Alt-Svc %q", got)
	}
}

// TestHTTP3Listeners are told apart as in TLS over TCP.
func TestHTTP3Listeners(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	cfg := site(t, "127.0.0.1:1", overHTTP3(ca))
	cfg.Routes[0].Rules = []config.Rule{static("hello")}
	gw := newGateway(t, cfg)
	client := newH3(t, gw, ca)
	for host, want := range map[string]int{"a.example": 200, "b.example": 421, "c.example": 404} {
		if got := client.do(t, request(t, http.MethodGet, "https://"+host+"/", nil)); got.StatusCode != want {
			t.Errorf("%s on the connection of a.example: %s, want %d", host, got.Status, want)
		}
	}
	call := request(t, http.MethodPost, "https://c.example/a.B/Get", nil)
	call.Header.Set("Content-Type", "application/grpc")
	if got := client.do(t, call); got.StatusCode != http.StatusOK || got.Header.Get("Grpc-Status") != "12" {
		t.Errorf("a call: %s, header %v", got.Status, got.Header)
	}
	for _, name := range []string{"c.example", ""} {
		conn, err := quic.DialAddr(t.Context(), gw.address, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h3"}}, nil)
		if err == nil {
			_ = conn.CloseWithError(0, "")
			t.Errorf("SNI %q is served", name)
		}
	}
}

// TestHTTP3Cut has a response that breaks off, and a client that leaves.
func TestHTTP3Cut(t *testing.T) {
	left := make(chan struct{}, 1)
	app := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "hello")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/cut" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
		left <- struct{}{}
	})
	ca := certtest.NewCA(t, "ca")
	client := newH3(t, newGateway(t, site(t, app, overHTTP3(ca))), ca)
	// A reset overtakes what was sent before it, so that there may be no header either.
	if resp, err := client.Do(request(t, http.MethodGet, "https://a.example/cut", nil)); err == nil {
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("cut response: %q looks complete", body)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := client.Do(request(t, http.MethodGet, "https://a.example/left", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	select {
	case <-left:
	case <-time.After(patience):
		t.Error("the backend is not told that the client has left")
	}
}

// TestHTTP3Changes the certificate, the clients that are let in, and the listener.
func TestHTTP3Changes(t *testing.T) {
	ca, next := certtest.NewCA(t, "ca"), certtest.NewCA(t, "next")
	cfg := site(t, "127.0.0.1:1", overHTTP3(ca))
	cfg.Routes[0].Rules = []config.Rule{static("hello")}
	gw := newGateway(t, cfg)
	status := func(c *h3) string {
		resp, err := c.Do(request(t, http.MethodGet, "https://a.example/", nil))
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		return resp.Status
	}
	old := newH3(t, gw, ca)
	if got := status(old); got != "200 OK" {
		t.Fatal(got)
	}
	pair := next.Issue("server", "a.example", "b.example")
	cfg.Certificates = []config.Certificate{{ID: "server", Chain: string(pair.Cert), Key: string(pair.Key)}}
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	if got := status(old); got != "200 OK" || old.dialed != 1 {
		t.Errorf("a connection from before the certificate: %s, %d connections", got, old.dialed)
	}
	if got := status(newH3(t, gw, next)); got != "200 OK" {
		t.Errorf("the next certificate: %s", got)
	}
	if got := status(newH3(t, gw, ca)); !strings.Contains(got, "certificate") {
		t.Errorf("the certificate from before: %s", got)
	}

	verify := config.ClientValidation{CABundles: []string{"clients"}}
	cfg.CABundles = []config.CABundle{{ID: "clients", Certificates: string(ca.PEM)}}
	cfg.Listeners = slices.Clone(cfg.Listeners)
	for i := range cfg.Listeners {
		terminate := *cfg.Listeners[i].TLS
		terminate.ClientValidation = &verify
		cfg.Listeners[i].TLS = &terminate
	}
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	if got := status(old); got == "200 OK" {
		t.Errorf("who was let in without a certificate: %s", got)
	}
	if got := status(newH3(t, gw, next)); got == "200 OK" {
		t.Errorf("who has no certificate: %s", got)
	}
	known := newH3(t, gw, next, ca.Issue("client").TLS(t))
	if got := status(known); got != "200 OK" {
		t.Errorf("who has one: %s", got)
	}

	cfg.Gateways = slices.Clone(cfg.Gateways)
	cfg.Gateways[0].HTTP3 = false
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	await(t, "the port of HTTP/3", func() bool {
		udp, err := net.ListenPacket("udp", gw.address)
		if err == nil {
			udp.Close()
		}
		return err == nil
	})
}

// TestHTTP3Drains answers what was begun, tells clients to go, and then is gone.
func TestHTTP3Drains(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	app := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-finish
		}
		_, _ = io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
	})
	ca := certtest.NewCA(t, "ca")
	gw := newGateway(t, site(t, app, overHTTP3(ca)))
	slow, idle := newH3(t, gw, ca), newH3(t, gw, ca)
	if got := idle.do(t, request(t, http.MethodGet, "https://a.example/", nil)); got.StatusCode != http.StatusOK {
		t.Fatal(got.Status)
	}
	answered := make(chan answer, 1)
	go func() { answered <- slow.do(t, request(t, http.MethodGet, "https://a.example/slow", nil)) }()
	<-begun
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		gw.runtime.Drain(t.Context(), runtime.Drain{Timeout: patience})
	}()
	await(t, "the end of what is new", func() bool {
		conn, err := quic.DialAddr(t.Context(), gw.address, &tls.Config{ServerName: "a.example", RootCAs: ca.Pool(), NextProtos: []string{"h3"}},
			&quic.Config{HandshakeIdleTimeout: 100 * time.Millisecond})
		if err == nil {
			_ = conn.CloseWithError(0, "")
		}
		return err != nil
	})
	select {
	case <-drained:
		t.Fatal("a request was not waited for")
	default:
	}
	close(finish)
	got := <-answered
	if got.StatusCode != http.StatusOK || len(got.body) != 1<<20 || got.cut != nil || got.Header.Get("Connection") != "" {
		t.Errorf("%s, header %v, %d bytes, %v", got.Status, got.Header, len(got.body), got.cut)
	}
	<-drained
}

// TestHTTP3AndUDPListeners have a port in turn.
func TestHTTP3AndUDPListeners(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	cfg := site(t, "127.0.0.1:1", overHTTP3(ca))
	cfg.Routes[0].Rules = []config.Rule{static("hello")}
	gw := newGateway(t, cfg)
	served := func() bool {
		resp, err := newH3(t, gw, ca).Do(request(t, http.MethodGet, "https://a.example/", nil))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	if !served() {
		t.Fatal("there is no HTTP/3")
	}
	with := *cfg
	with.Listeners = append(slices.Clone(cfg.Listeners), config.Listener{
		ID: "test/web/udp", Gateway: "test/web", Protocol: config.UDP, Port: 53, Address: gw.address,
	})
	gw.mustPush(t, http.MethodPut, config.PathConfig, &with)
	if _, err := net.ListenPacket("udp", gw.address); err == nil {
		t.Error("the UDP listener has no socket")
	}
	gw.mustPush(t, http.MethodPut, config.PathConfig, cfg)
	await(t, "HTTP/3", served)
}
