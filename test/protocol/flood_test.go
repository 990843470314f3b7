// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// holder is a backend that answers no request but those for /quick, and counts
// the connections on which somebody waits.
type holder struct {
	address     string
	held        atomic.Int64
	most, total atomic.Int64
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	h := &holder{}
	h.address = backend(t, func(_ int, c net.Conn) {
		for r := bufio.NewReader(c); ; {
			m, err := readMessage(r)
			if err != nil {
				return
			}
			if strings.Contains(m.line, "/quick") {
				if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nquick"); err != nil {
					return
				}
				continue
			}
			h.total.Add(1)
			n := h.held.Add(1)
			for most := h.most.Load(); n > most && !h.most.CompareAndSwap(most, n); most = h.most.Load() {
			}
			_, _ = io.Copy(io.Discard, r)
			h.held.Add(-1)
			return
		}
	})
	return h
}

// quick asks as another client.
func quick(t *testing.T, gw *gateway) {
	t.Helper()
	c := dial(t, gw.address)
	defer c.Close()
	c.send("GET /quick HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
	if a := c.mustNext("GET"); a.body != "quick" {
		t.Errorf("another client is answered %s %q", a.Status, a.body)
	}
}

// TestRapidReset begins requests and takes them back at once (CVE-2023-44487).
// The work that one connection makes stays bounded, and ends with it.
func TestRapidReset(t *testing.T) {
	const streams, resets = 20, 5000
	app := newHolder(t)
	gw := newGateway(t, site(t, app.address, limiting(config.Limits{MaxConcurrentStreams: streams})))
	c := dialH2(t, gw.address)
	go func() { _, _ = io.Copy(io.Discard, c.Conn) }() // answers would fill the pipe
	var err error
	n := 0
	for ; n < resets && err == nil; n++ {
		id := c.stream
		c.stream += 2
		block := c.block(":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/")
		if err = c.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block, EndHeaders: true, EndStream: true}); err == nil {
			err = c.WriteRSTStream(id, http2.ErrCodeCancel)
		}
	}
	quick(t, gw)
	c.Close()
	await(t, "the backend to be left alone", func() bool { return app.held.Load() == 0 })
	t.Logf("%d resets until %v; the backend got %d requests, at most %d at a time", n, err, app.total.Load(), app.most.Load())
	// A connection to the backend that was given up lives on until it notices.
	if most := app.most.Load(); most > 10*streams {
		t.Errorf("%d requests at a time of one connection with %d streams", most, streams)
	}

	// Those that have come to the backend are given up there as well.
	c = dialH2(t, gw.address)
	for range 10 {
		first := c.stream
		for range streams {
			c.request(true, ":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/")
		}
		await(t, "the requests at the backend", func() bool { return app.held.Load() == streams })
		for id := first; id < c.stream; id += 2 {
			if err := c.WriteRSTStream(id, http2.ErrCodeCancel); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "the backend to be left alone", func() bool { return app.held.Load() == 0 })
	}
}

// TestStreamsAreBounded opens more streams than are allowed, and leaves them.
func TestStreamsAreBounded(t *testing.T) {
	const streams = 50
	app := newHolder(t)
	gw := newGateway(t, site(t, app.address, limiting(config.Limits{MaxConcurrentStreams: streams})))
	c := dialH2(t, gw.address)
	request := []string{":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/"}
	for range streams {
		c.request(true, request...)
	}
	await(t, "all streams at the backend", func() bool { return app.held.Load() == streams })
	if got := c.status(c.request(true, request...)); got != "REFUSED_STREAM" && got != "PROTOCOL_ERROR" {
		t.Errorf("one stream too many: %s", got)
	}
	quick(t, gw)
	c.Close()
	await(t, "the backend to be left alone", func() bool { return app.held.Load() == 0 })
}

// TestFramesThatDoNothing floods a connection with frames that cost the peer more
// than the sender. It may end the connection; others must not feel it.
func TestFramesThatDoNothing(t *testing.T) {
	app := newHolder(t)
	gw := newGateway(t, site(t, app.address))
	block := strings.Repeat("y", 1000)
	for name, flood := range map[string]func(c *h2, n int) error{
		"CONTINUATION without end": func(c *h2, n int) error {
			if n == 0 {
				first := c.block(":method", "GET", ":scheme", "http", ":authority", "a.example", ":path", "/")
				return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first})
			}
			return c.WriteContinuation(1, false, c.block("x", block))
		},
		"empty CONTINUATION": func(c *h2, n int) error {
			if n == 0 {
				return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.block(":method", "GET")})
			}
			return c.WriteContinuation(1, false, nil)
		},
		"PING":     func(c *h2, _ int) error { return c.WritePing(false, [8]byte{}) },
		"SETTINGS": func(c *h2, _ int) error { return c.WriteSettings() },
		"PRIORITY": func(c *h2, n int) error {
			return c.WritePriority(uint32(2*n+1), http2.PriorityParam{StreamDep: 0})
		},
		"empty DATA": func(c *h2, n int) error {
			if n == 0 {
				c.request(false, ":method", "POST", ":scheme", "http", ":authority", "a.example", ":path", "/")
			}
			return c.WriteData(1, false, nil)
		},
		"RST_STREAM of idle streams": func(c *h2, n int) error { return c.WriteRSTStream(uint32(2*n+1), http2.ErrCodeCancel) },
		"WINDOW_UPDATE":              func(c *h2, _ int) error { return c.WriteWindowUpdate(0, 1) },
		"window overflow":            func(c *h2, _ int) error { return c.WriteWindowUpdate(0, 1<<31-1) },
		"unknown":                    func(c *h2, _ int) error { return c.WriteRawFrame(0xfe, 0xff, 0, []byte(block)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := dialH2(t, gw.address)
			_ = c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)) // it reads no answers
			var err error
			n := 0
			for ; n < 50_000 && err == nil; n++ {
				err = flood(c, n)
			}
			quick(t, gw)
			c.Close()
			await(t, "the backend to be left alone", func() bool { return app.held.Load() == 0 })
			t.Logf("%d frames until %v", n, err)
		})
	}
}
