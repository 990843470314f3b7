// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

const (
	proxyV1      = "PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\n"
	proxyV16     = "PROXY TCP6 2001:db8::7 2001:db8::8 4711 443\r\n"
	proxyUnknown = "PROXY UNKNOWN\r\n"
	proxyV2      = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x08\x12\x67\x01\xbb"
	proxyLocal   = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
)

// proxyTLV is proxyV2 with more in it than the first read of the header takes.
var proxyTLV = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x03\x0f\xc0\x00\x02\x07\xc0\x00\x02\x08\x12\x67\x01\xbb\x04\x03\x00" + strings.Repeat("\x00", 0x300)

// TestProxyProtocolOfConnections: on whatever listener, what the header says is what the
// handler is told, and nothing is lost of what follows at once.
func TestProxyProtocolOfConnections(t *testing.T) {
	const self, named = "127.", "192.0.2.7:4711 192.0.2.8:443"
	ca := certtest.NewCA(t, "ca")
	tcpAddress, tlsAddress := loopback.FreeAddress(t), loopback.FreeAddress(t)
	s := New(Options{
		Handler: func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "%s %s", r.RemoteAddr, r.Context().Value(http.LocalAddrContextKey))
			})
		},
		Streams: streamFunc(func(ctx context.Context, c *stream.Conn) {
			fmt.Fprintf(through(c), "%s %s\n", c.Client, c.Local)
			rw := through(c)
			_, _ = io.Copy(rw, rw)
		}),
		Logger: zaptest.NewLogger(t),
	})
	t.Cleanup(s.Close)
	for _, tc := range []struct {
		name    string
		trusted []string
		header  string
		want    string // prefix; empty: closed
	}{
		{"v1 from anybody", nil, proxyV1, named},
		{"v1, IPv6", nil, proxyV16, "[2001:db8::7]:4711 [2001:db8::8]:443"},
		{"v1, unknown", nil, proxyUnknown, self},
		{"v2 from anybody", nil, proxyV2, named},
		{"v2, long", nil, proxyTLV, named},
		{"v2 local", nil, proxyLocal, self},
		{"missing, anybody", nil, "", ""},
		{"v1 from a trusted peer", []string{"127.0.0.0/8"}, proxyV1, named},
		{"missing, trusted peer", []string{"127.0.0.0/8"}, "", ""},
		{"nonsense", nil, "PROXY ME\r\n", ""},
		{"missing, other peer", []string{"10.0.0.0/8"}, "", self},
	} {
		cfg := mixed(tlsAddress, ca)
		cfg.Listeners = append(cfg.Listeners, tcpConfig(tcpAddress).Listeners...)
		cfg.Gateways[0].ClientAddress = &config.ClientAddress{ProxyProtocol: true, TrustedProxies: tc.trusted}
		apply(t, s, cfg)
		check := func(what string, got string) {
			t.Helper()
			if (tc.want == "") != (got == "") || !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s, %s: the client is %q, want %q", tc.name, what, got, tc.want)
			}
		}
		check("TCP", announced(t, tcpAddress, tc.header, []byte("hello")))
		check("passthrough", announced(t, tlsAddress, tc.header, clientHello(t, "some.example.com")))
		c := dial(t, tlsAddress)
		fmt.Fprint(c, tc.header)
		session := tls.Client(c, &tls.Config{ServerName: "a.deep.example.com", InsecureSkipVerify: true})
		if session.Handshake() == nil {
			check("terminated", line(t, session))
		} else {
			check("terminated", "")
		}
		check("HTTPS", exchange(t, tlsAddress, tc.header, &tls.Config{ServerName: "exact.example.com", InsecureSkipVerify: true}))
	}
}

// announced sends a header and more in one packet, and returns what it is told first, once
// it has got back what it sent; "" if it is told nothing.
func announced(t testing.TB, address, header string, more []byte) string {
	t.Helper()
	c := dial(t, address)
	if _, err := c.Write(append([]byte(header), more...)); err != nil {
		t.Fatal(err)
	}
	c.CloseWrite()
	first, then, _ := strings.Cut(rest(t, c), "\n")
	if first != "" && then != string(more) {
		t.Errorf("of %q came back %q", more, then)
	}
	return first
}

// FuzzReadProxyHeader: whatever a peer sends, nothing that comes after a header is lost,
// and its addresses are such that can be told on.
func FuzzReadProxyHeader(f *testing.F) {
	for _, header := range []string{proxyV1, proxyV16, proxyUnknown, proxyV2, proxyLocal, proxyTLV, "PROXY ME\r\n", "", "GET / HTTP/1.1\r\n\r\n"} {
		f.Add([]byte(header), []byte("and more"))
	}
	f.Fuzz(func(t *testing.T, header, more []byte) {
		data := append(bytes.Clone(header), more...)
		from := bytes.NewReader(data)
		got, err := readProxyHeader(from)
		if err != nil {
			return
		}
		left, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		if all := slices.Concat(got.rest, left); !bytes.HasSuffix(data, all) || len(all) == len(data) {
			t.Fatalf("of %q is left %q", data, all)
		}
		if (got.client == nil) != (got.local == nil) {
			t.Fatalf("one end is missing: %+v", got)
		}
		if got.client != nil && (!addrPort(got.client).IsValid() || !addrPort(got.local).IsValid()) {
			t.Fatalf("the ends are %v and %v", got.client, got.local)
		}
		// Version 2 may come in pieces.
		if bytes.HasPrefix(data, []byte("\r\n")) {
			again, err := readProxyHeader(iotest.OneByteReader(bytes.NewReader(data)))
			if err != nil || fmt.Sprint(again.client) != fmt.Sprint(got.client) {
				t.Fatalf("in pieces: %v, %v", again.client, err)
			}
		}
	})
}

// TestProxyHeaderOfAnotherKind is about a connection that is none of TCP.
func TestProxyHeaderOfAnotherKind(t *testing.T) {
	unix := "\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\xd8" + strings.Repeat("a", 216)
	h, err := readProxyHeader(strings.NewReader(unix + "rest"))
	if err != nil || h.client != nil || h.local != nil || string(h.rest) != "rest" {
		t.Errorf("%+v, %v", h, err)
	}
	var none net.Addr
	if got := addrPort(none); got.IsValid() {
		t.Errorf("the address of nobody is %s", got)
	}
}
