// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package l4

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/stream"
	"github.com/kubera-dev/kubera/test/certtest"
)

func between(client, local string) func(*stream.Conn) {
	return func(c *stream.Conn) {
		c.Client, c.Local = netip.AddrPort{}, netip.AddrPort{}
		if client != "" {
			c.Client, c.Local = netip.MustParseAddrPort(client), netip.MustParseAddrPort(local)
		}
	}
}

func TestProxyHeader(t *testing.T) {
	for _, tc := range []struct {
		version       config.ProxyProtocolVersion
		client, local string
		want          string
	}{
		{"", "192.0.2.7:5000", "192.0.2.1:443", ""},
		{"v1", "192.0.2.7:5000", "192.0.2.1:443", "PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n"},
		{"v1", "[::ffff:192.0.2.7]:5000", "192.0.2.1:443", "PROXY TCP4 192.0.2.7 192.0.2.1 5000 443\r\n"},
		{"v1", "[2001:db8::7]:5000", "[2001:db8::1]:443", "PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\n"},
		{"v1", "", "", "PROXY UNKNOWN\r\n"},
		{"v2", "192.0.2.7:5000", "192.0.2.1:443", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01\x13\x88\x01\xbb"},
		{"v2", "", "", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"},
	} {
		c := &stream.Conn{}
		between(tc.client, tc.local)(c)
		got, err := proxyHeader(tc.version, c)
		if err != nil || string(got) != tc.want {
			t.Errorf("%s of %q: %q, %v; want %q", tc.version, tc.client, got, err, tc.want)
		}
	}
}

// The header comes before what was read from the client already, and before TLS.
func TestProxyHeaderComesFirst(t *testing.T) {
	ca := certtest.NewCA(t, "test")
	server := &tls.Config{Certificates: []tls.Certificate{ca.Issue("app", "app.test").TLS(t)}}
	tell := func(secured bool) string {
		return endpoint(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			header, err := proxyproto.Read(r)
			if err != nil {
				return
			}
			var rest io.ReadWriter = struct {
				io.Reader
				io.Writer
			}{r, c}
			if secured {
				rest = tls.Server(&replayAll{c, r}, server)
			}
			io.WriteString(rest, header.SourceAddr.String()+"\n")
			io.Copy(rest, rest)
		})
	}
	for _, version := range []config.ProxyProtocolVersion{config.ProxyProtocolV1, config.ProxyProtocolV2} {
		for name, secured := range map[string]bool{"clear": false, "TLS": true} {
			t.Run(name+" "+string(version), func(t *testing.T) {
				cfg := with(base(), tcpID, tell(secured))
				cfg.Gateways[0].SendProxyProtocol = version
				if secured {
					cfg.Backends[0].TLS = &config.BackendTLS{ServerName: "app.test", CABundles: []string{"ca"}}
					cfg.CABundles = []config.CABundle{{ID: "ca", Certificates: string(ca.PEM)}}
				}
				f := newFixture(t, cfg)
				c := f.serve(t, tcpID, between("192.0.2.7:5000", "192.0.2.1:443"), func(c *stream.Conn) { c.Prefix = []byte("prefix") })
				expect(t, c, "192.0.2.7:5000\nprefix")
			})
		}
	}
}

// replayAll is a connection with a reader in front.
type replayAll struct {
	net.Conn
	r *bufio.Reader
}

func (c *replayAll) Read(p []byte) (int, error) { return c.r.Read(p) }
