// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// remote answers with the address of the client.
func remote(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) }

// exchange sends text over a new connection, in TLS after the first line if
// tlsConfig is set, and returns the body of the answer, or "" if there is none.
func exchange(t *testing.T, address, header string, tlsConfig *tls.Config) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, header); err != nil {
		t.Fatal(err)
	}
	if tlsConfig != nil {
		c = tls.Client(c, tlsConfig)
	}
	// The server may have closed it already.
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: here.test\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

func TestProxyProtocol(t *testing.T) {
	const (
		v1 = "PROXY TCP4 192.0.2.7 192.0.2.8 4711 443\r\n"
		v2 = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x08\x12\x67\x01\xbb"
		// A health check of the proxy in front, for itself.
		local = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
		named = "192.0.2.7:4711"
		self  = "127.0.0.1:"
	)
	for _, tc := range []struct {
		name    string
		trusted []string
		header  string
		want    string // prefix; empty: no answer
	}{
		{"v1 from anybody", nil, v1, named},
		{"v2 from anybody", nil, v2, named},
		{"v2 local", nil, local, self},
		{"missing, anybody", nil, "", ""},
		{"v1 from a trusted peer", []string{"10.0.0.0/8", "127.0.0.0/8"}, v1, named},
		{"missing, trusted peer", []string{"127.0.0.0/8"}, "", ""},
		{"nonsense from a trusted peer", []string{"127.0.0.0/8"}, "PROXY ME\r\n", ""},
		{"missing, other peer", []string{"10.0.0.0/8"}, "", self},
		{"v1 from another peer", []string{"10.0.0.0/8"}, v1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ca := certtest.NewCA(t, "ca")
			plainAddress, tlsAddress := loopback.FreeAddress(t), loopback.FreeAddress(t)
			s := newSet(t, remote)
			cfg := plain(plainAddress)
			cfg.Gateways[0].ClientAddress = &config.ClientAddress{ProxyProtocol: true, TrustedProxies: tc.trusted}
			cfg.Certificates = []config.Certificate{certificate("c", ca.Issue("c", "here.test"))}
			cfg.Listeners = append(cfg.Listeners, httpsListener("s", tlsAddress, "", "c"))
			apply(t, s, cfg)
			clientTLS := &tls.Config{RootCAs: ca.Pool(), ServerName: "here.test"}
			for name, got := range map[string]string{
				"plain": exchange(t, plainAddress, tc.header, nil),
				"TLS":   exchange(t, tlsAddress, tc.header, clientTLS),
			} {
				if (tc.want == "") != (got == "") || !strings.HasPrefix(got, tc.want) {
					t.Errorf("%s: the client is %q, want %q", name, got, tc.want)
				}
			}
		})
	}
}

func TestProxyProtocolChangesForNewConnections(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, remote)
	apply(t, s, plain(address))
	kept := newClient(t, nil, nil)
	mustGet(t, kept, "http://"+address)
	cfg := plain(address)
	cfg.Gateways[0].ClientAddress = &config.ClientAddress{ProxyProtocol: true}
	apply(t, s, cfg)
	if got := mustGet(t, kept, "http://"+address); !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("the open connection is %q now", got)
	}
	if got := exchange(t, address, "PROXY TCP6 2001:db8::7 2001:db8::8 4711 443\r\n", nil); got != "[2001:db8::7]:4711" {
		t.Errorf("a new connection is %q", got)
	}
}

func TestProxyProtocolRefusesWhatIsNoCIDR(t *testing.T) {
	s := newSet(t, nil)
	cfg := plain(loopback.FreeAddress(t))
	cfg.Gateways[0].ClientAddress = &config.ClientAddress{ProxyProtocol: true, TrustedProxies: []string{"10.0.0.0/8", "x"}}
	_, err := s.Prepare(cfg)
	refusal, ok := err.(*config.Refusal)
	if !ok || refusal.Object != "test/gw" || refusal.Field != "client_address.trusted_proxies[1]" {
		t.Errorf("got %#v", err)
	}
}
