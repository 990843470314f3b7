// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
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

// requestInPieces is request with a header that takes several frames.
func (c *h2) requestInPieces(pairs ...string) uint32 {
	c.t.Helper()
	id := c.stream
	c.stream += 2
	const size = 16 << 10
	block := c.block(pairs...)
	piece, rest := block[:min(size, len(block))], block[min(size, len(block)):]
	err := c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: piece, EndHeaders: len(rest) == 0, EndStream: true})
	for err == nil && len(rest) > 0 {
		piece, rest = rest[:min(size, len(rest))], rest[min(size, len(rest)):]
		err = c.WriteContinuation(id, len(rest) == 0, piece)
	}
	if err != nil {
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
