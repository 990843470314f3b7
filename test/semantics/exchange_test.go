// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// exchange is a request and what is to come of it.
type exchange struct {
	// gateway and port in the form "infra/web:80". Default: "infra/same-namespace:80".
	to string
	// sni is that of the TLS handshake. Default: no TLS.
	sni string
	// certificate that the client presents, by the name of a CA of the site. Default: none.
	certificate string
	// h2 sends the request in HTTP/2; without TLS by prior knowledge.
	h2     bool
	method string
	// url is the Host and the target, "example.org/path?query".
	url string
	// header of the request, "Name: value".
	header []string
	// want is the backend that answers, or a status with, for a redirection, the
	// Location: "404", "302 https://example.org/", a status of gRPC: "grpc 12", or
	// "refused" by an alert of TLS.
	want string
	// seen is what the backend received, in the form of checkFields.
	seen []string
	// answer is what the client receives, likewise.
	answer []string
}

func (e exchange) String() string {
	text := cmp.Or(e.method, "GET") + " " + cmp.Or(e.to, "infra/same-namespace:80") + " " + e.url
	if e.sni != "" {
		text += " by " + e.sni
	}
	if e.certificate != "" {
		text += " as " + e.certificate
	}
	return strings.Join(append([]string{text}, e.header...), ", ")
}

// check makes the exchange.
func (d *dataPlane) check(t *testing.T, e exchange) {
	t.Helper()
	if e.want == refused {
		d.checkRefused(t, e)
		return
	}
	resp, received := d.do(t, e)
	got := fmt.Sprint(resp.StatusCode)
	if location := resp.Header.Get("Location"); location != "" {
		got += " " + location
	}
	if received.Backend != "" {
		got = received.Backend
	} else if status := resp.Header.Get("Grpc-Status"); status != "" {
		got = "grpc " + status
	}
	if got != e.want {
		t.Errorf("%s: %s, want %s", e, got, e.want)
		return
	}
	if received.Header != nil {
		received.Header.Set("Host", received.Host)
		received.Header.Set(":path", received.Target)
		received.Header.Set(":proto", received.Proto)
	}
	checkFields(t, e.String()+": the backend", received.Header, e.seen)
	checkFields(t, e.String()+": the client", resp.Header, e.answer)
}

// refused is a handshake that the proxy ends.
const refused = "refused"

func (d *dataPlane) checkRefused(t *testing.T, e exchange) {
	t.Helper()
	resp, err := d.client(t, e).Do(e.request(t))
	if err == nil {
		resp.Body.Close()
		t.Errorf("%s: %s, want it to be refused", e, resp.Status)
		return
	}
	if !strings.Contains(err.Error(), "remote error: tls: ") {
		t.Errorf("%s: %v, want an alert of TLS", e, err)
	}
}

// ask makes the exchange and gives what the backend received.
func (d *dataPlane) ask(t *testing.T, e exchange) echoed {
	t.Helper()
	_, received := d.do(t, e)
	return received
}

// do gives the response, which was read, and what the backend received if the
// answer is that of one.
func (d *dataPlane) do(t *testing.T, e exchange) (*http.Response, echoed) {
	t.Helper()
	client := d.client(t, e)
	defer client.CloseIdleConnections()
	resp, err := client.Do(e.request(t))
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	var received echoed
	if resp.StatusCode == http.StatusOK && resp.Header.Get("Grpc-Status") == "" {
		if err := json.Unmarshal(body, &received); err != nil {
			t.Fatalf("%s: the answer is not that of a backend: %v", e, err)
		}
	}
	return resp, received
}

func (d *dataPlane) client(t *testing.T, e exchange) *http.Client {
	t.Helper()
	return &http.Client{
		Transport:     d.transport(t, e),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (e exchange) request(t *testing.T) *http.Request {
	t.Helper()
	host, target, _ := strings.Cut(e.url, "/")
	scheme := "http"
	if e.sni != "" {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(t.Context(), e.method, scheme+"://"+host+"/"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range e.header {
		name, value, _ := strings.Cut(field, ": ")
		req.Header[name] = append(req.Header[name], value)
	}
	return req
}

// transport makes a connection of its own for the exchange.
func (d *dataPlane) transport(t *testing.T, e exchange) *http.Transport {
	t.Helper()
	address, ok := d.addresses[cmp.Or(e.to, "infra/same-namespace:80")]
	if !ok {
		t.Fatalf("%s: there is no such listener", e)
	}
	transport := &http.Transport{
		Protocols:         new(http.Protocols),
		DisableKeepAlives: !e.h2,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		TLSClientConfig: &tls.Config{ServerName: e.sni, InsecureSkipVerify: true}, //nolint:gosec // The certificate has no name.
	}
	if e.certificate != "" {
		transport.TLSClientConfig.Certificates = []tls.Certificate{d.clientCertificates[e.certificate]}
	}
	transport.Protocols.SetHTTP1(!e.h2)
	transport.Protocols.SetHTTP2(e.h2 && e.sni != "")
	transport.Protocols.SetUnencryptedHTTP2(e.h2 && e.sni == "")
	return transport
}

// checkFields compares fields, "Name: value", with several values joined by a comma
// as the conformance suite does it. "-Name" must be absent.
func checkFields(t *testing.T, who string, header http.Header, want []string) {
	t.Helper()
	for _, field := range want {
		name, value, _ := strings.Cut(field, ": ")
		if absent, ok := strings.CutPrefix(name, "-"); ok {
			if got, ok := header[http.CanonicalHeaderKey(absent)]; ok {
				t.Errorf("%s received %s: %q, want none", who, absent, got)
			}
			continue
		}
		if got := strings.Join(header.Values(name), ","); got != value {
			t.Errorf("%s received %s: %q, want %q", who, name, got, value)
		}
	}
}
