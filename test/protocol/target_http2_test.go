// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2 is a connection that speaks HTTP/2 one frame at a time.
type h2 struct {
	client
	*http2.Framer
	out    bytes.Buffer
	hp     *hpack.Encoder
	stream uint32
}

// dialH2 opens a connection with prior knowledge.
func dialH2(t *testing.T, address string) *h2 {
	t.Helper()
	c := &h2{client: dial(t, address), stream: 1}
	c.send(http2.ClientPreface)
	c.Framer = http2.NewFramer(c.Conn, c.client)
	c.Framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.hp = hpack.NewEncoder(&c.out)
	if err := c.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return c
}

// block encodes names and values.
func (c *h2) block(pairs ...string) []byte {
	c.out.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = c.hp.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return bytes.Clone(c.out.Bytes())
}

// request sends a header on a new stream.
func (c *h2) request(end bool, pairs ...string) uint32 {
	c.t.Helper()
	id := c.stream
	c.stream += 2
	if err := c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block(pairs...), EndHeaders: true, EndStream: end}); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// status waits for the answer of a stream: its status, or the error it was reset with.
func (c *h2) status(id uint32) string {
	c.t.Helper()
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if f.StreamID == id && f.PseudoValue("status") != "" {
				return f.PseudoValue("status")
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == id {
				return f.ErrCode.String()
			}
		case *http2.GoAwayFrame:
			return f.ErrCode.String()
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.WriteSettingsAck()
			}
		}
	}
}

// TestHTTP2CantWriteLinesOfHTTP1 has pseudo fields with what HTTP/1.1 would read
// as the end of a part of the request line, or of the line.
func TestHTTP2CantWriteLinesOfHTTP1(t *testing.T) {
	app := newRecorder(t)
	gw := newGateway(t, site(t, app.address, forbidding("/admin")))
	for _, tt := range []struct{ method, path, authority, want string }{
		{"GET", "/", "a.example", "200"},
		{"GET", "/admin", "a.example", "403"},
		{"GET /admin HTTP/1.1", "/", "a.example", "400"},
		{"GET\t/admin", "/", "a.example", "400"},
		{"G\x00ET", "/", "a.example", "PROTOCOL_ERROR"},
		{"GET /admin HTTP/1.1\r\nX: y", "/", "a.example", "PROTOCOL_ERROR"},
		{"", "/", "a.example", "PROTOCOL_ERROR"},
		{"GET", "/admin HTTP/1.1", "a.example", "400"},
		{"GET", "/x?/../admin HTTP/1.1", "a.example", "400"},
		{"GET", "/x\tHTTP/1.1", "a.example", "PROTOCOL_ERROR"},
		{"GET", "/x\r\nX: y", "a.example", "PROTOCOL_ERROR"},
		{"GET", "x", "a.example", "PROTOCOL_ERROR"},
		{"GET", "", "a.example", "PROTOCOL_ERROR"},
		{"GET", "//admin", "a.example", "403"},
		{"GET", "http://b.example/admin", "a.example", "403"},
		{"GET", "/", "a.example HTTP/1.1", "400"},
		{"GET", "/", "a.example/admin", "400"},
		{"GET", "/", "a.example\r\nX: y", "PROTOCOL_ERROR"},
		{"GET", "/", "user@a.example", "PROTOCOL_ERROR"},
		{"GET", "/", "", "400"},
	} {
		c := dialH2(t, gw.address)
		id := c.request(true, ":method", tt.method, ":scheme", "http", ":authority", tt.authority, ":path", tt.path)
		if got := c.status(id); got != tt.want {
			t.Errorf("%q %q at %q: %s, want %s", tt.method, tt.path, tt.authority, got, tt.want)
		}
		c.Close()
		messages, broken := app.take()
		for _, m := range messages {
			if fault := m.fault(); fault != "" || strings.Contains(m.line, "admin") {
				t.Errorf("%q %q at %q: the backend read %q %s", tt.method, tt.path, tt.authority, m.line, fault)
			}
		}
		if len(broken) > 0 {
			t.Errorf("%q %q at %q: the backend read %q", tt.method, tt.path, tt.authority, broken)
		}
	}
}
