// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/certtest"
)

// TestTLSResponseUntilClose has a response of which TLS alone can tell whether it is
// complete.
func TestTLSResponseUntilClose(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	eachTLS(t, func(t *testing.T, version uint16) {
		for _, tt := range []struct {
			name string
			end  func(c *tls.Conn)
			want error
		}{
			{"close_notify", func(c *tls.Conn) { c.Close() }, nil},
			{"cut off", func(c *tls.Conn) { c.NetConn().Close() }, errTruncated},
		} {
			b := newBackendTLS(t, identity(ca), listenTLS(t, serverConfig(t, ca.Issue("", serverName), version), func(_ int, c *tls.Conn) {
				http.ReadRequest(bufio.NewReader(c))
				io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 100_000))
				tt.end(c)
			}))
			resp, err := b.Do(newRequest(t.Context(), http.MethodGet))
			if err != nil {
				t.Fatal(err)
			}
			body, err := readBody(resp)
			resp.Close()
			if len(body) != 100_000 {
				t.Errorf("%s: %d bytes", tt.name, len(body))
			}
			if tt.want == nil && err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if tt.want != nil {
				wantKind(t, err, BadResponse)
				if !strings.Contains(err.Error(), tt.want.Error()) {
					t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
				}
			}
		}
	})
}

// TestTLSExchangesEndInOrder sees which connections are closed with close_notify:
// those on which nothing was left unfinished.
func TestTLSExchangesEndInOrder(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	for _, tt := range []struct {
		name, response string
		end            func(b *Backend, resp *Response)
		want           error // of the endpoint, in reading on
	}{
		{"idle", okResponse, func(b *Backend, resp *Response) { resp.Close(); b.retire() }, io.EOF},
		{"retired", okResponse, func(b *Backend, resp *Response) { b.retire(); resp.Close() }, io.EOF},
		{"last response", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", func(_ *Backend, resp *Response) { resp.Close() }, io.EOF},
		{"unfinished", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", func(_ *Backend, resp *Response) { resp.Close() }, errTruncated},
	} {
		ended := make(chan error, 1)
		server := serverConfig(t, ca.Issue("", serverName), tls.VersionTLS13)
		b := newBackendTLS(t, identity(ca), listen(t, func(_ int, nc net.Conn) {
			c := tls.Server(&wire{Conn: nc}, server) // whose errors tell the two ends apart
			r := bufio.NewReader(c)
			http.ReadRequest(r)
			io.WriteString(c, tt.response)
			_, err := r.ReadByte()
			ended <- err
		}))
		resp, err := b.Do(newRequest(t.Context(), http.MethodGet))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Next(); err != nil {
			t.Fatal(err)
		}
		tt.end(b, resp)
		if err := <-ended; err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestTLSClosingDoesNotWait has an endpoint that reads nothing any more: there is no
// room for close_notify, which crypto/tls would wait for.
func TestTLSClosingDoesNotWait(t *testing.T) {
	ca := certtest.NewCA(t, "ca")
	ours, theirs := net.Pipe() // has no buffer
	defer theirs.Close()
	server := tls.Server(theirs, serverConfig(t, ca.Issue("", serverName), tls.VersionTLS12))
	shaken := make(chan error, 1)
	go func() { shaken <- server.HandshakeContext(t.Context()) }()
	i := identity(ca)
	config, err := i.tlsConfig("")
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(ours, config)
	if err := w.tls.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	newConn(&Endpoint{}, w.tls).close()
	if took := time.Since(begin); took >= 5*time.Second { // what crypto/tls would wait
		t.Errorf("took %s", took)
	}
}
