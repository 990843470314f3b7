// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// framesH2 is an endpoint that speaks HTTP/2 and calls answer with the stream of each
// request. It closes the connection when answer returns an error.
func framesH2(t *testing.T, answer func(f *http2.Framer, stream uint32) error) (address string) {
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
			_ = serveFrames(c, answer) // the end of the connection
			c.Close()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

func serveFrames(c net.Conn, answer func(f *http2.Framer, stream uint32) error) error {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return err
	}
	f := http2.NewFramer(c, c)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := f.WriteSettings(); err != nil {
		return err
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return err
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = f.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			err = answer(f, frame.StreamID)
		}
		if err != nil {
			return err
		}
	}
}

// silentBody is a request with a body that never comes.
func silentBody(t *testing.T) *Request {
	t.Helper()
	reader, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	q := newRequest(t.Context(), http.MethodPost)
	q.Body, q.ContentLength = reader, -1
	q.InterruptBody = func() { reader.Close() }
	return q
}

// TestStreamEndsWithoutItsBody has endpoints that leave without a response, while the
// client waits for one before it sends anything.
func TestStreamEndsWithoutItsBody(t *testing.T) {
	for name, answer := range map[string]func(f *http2.Framer, stream uint32) error{
		"closed": func(*http2.Framer, uint32) error { return io.EOF },
		"going away": func(f *http2.Framer, _ uint32) error {
			if err := f.WriteGoAway(0, http2.ErrCodeNo, nil); err != nil {
				return err
			}
			return io.EOF
		},
		"reset": func(f *http2.Framer, stream uint32) error { return f.WriteRSTStream(stream, http2.ErrCodeCancel) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, config.BackendHTTP2, framesH2(t, answer))
			err := exchange(t, b, silentBody(t))
			wantKind(t, err, BadResponse)
			code, reset := asError(err).Reset()
			if reset != (name == "reset") || reset && code != http2.ErrCodeCancel {
				t.Errorf("%v is the reset %v, %v", err, code, reset)
			}
			b.retire()
		})
	}
}

// TestResponseOutlivesItsBody has an endpoint that answers with an error before the
// body has come, which makes the Transport give up the body, and then takes its time.
func TestResponseOutlivesItsBody(t *testing.T) {
	write, headed := make(chan struct{}), make(chan struct{}, 1)
	b := newBackend(t, config.BackendHTTP2, serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_ = http.NewResponseController(w).Flush()
		headed <- struct{}{}
		<-write
		_, _ = io.WriteString(w, "late")
	})))
	resp, err := b.Do(silentBody(t))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	<-headed
	close(write)
	if body, err := readBody(resp); err != nil || body != "late" || resp.Status != http.StatusTeapot {
		t.Errorf("%d %q, %v", resp.Status, body, err)
	}
}
