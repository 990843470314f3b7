// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package clienthello

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
)

// endpoint is the net.Conn of a server to which all that the client sends has come.
type endpoint struct {
	net.Conn
	io.Reader
}

func (e endpoint) Read(p []byte) (int, error) { return e.Reader.Read(p) }
func (endpoint) Write(p []byte) (int, error)  { return len(p), nil }

// nameOf is the name that a server finds in what a client sends; !ok if it finds no
// hello.
func nameOf(data []byte) (name string, ok bool) {
	_ = tls.Server(endpoint{Reader: bytes.NewReader(data)}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name, ok = hello.ServerName, true
			return nil, errors.New("that is all")
		},
	}).Handshake()
	return name, ok
}

// FuzzRead: whatever is sent, and in what pieces, nothing of it is lost, and the name
// is the one that the server which it is passed to will find.
func FuzzRead(f *testing.F) {
	hello := helloOf(f, &tls.Config{ServerName: "a.example.com", MaxVersion: tls.VersionTLS12})
	f.Add(hello, 0, 0)
	f.Add(append(bytes.Clone(hello), "more"...), 1, 3)
	f.Add(inRecords(messageOf(hello), 10), 3, 20)
	f.Add(helloOf(f, &tls.Config{ServerName: "B.test"}), 7, 1)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 0, 0)
	f.Fuzz(func(t *testing.T, data []byte, piece, head int) {
		head = min(max(head, 0), len(data))
		from := &sent{data: data[head:], piece: max(piece, 0)}
		got, err := Read(from, bytes.Clone(data[:head]))
		name, ok := nameOf(data[:min(len(data), max(MaxBytes, head))])
		if ok != (err == nil) || got.ServerName != name {
			t.Fatalf("read %q, %v; a server finds %q, %v", got.ServerName, err, name, ok)
		}
		if err != nil {
			return
		}
		if all := append(bytes.Clone(got.Bytes), from.data...); !bytes.Equal(all, data) {
			t.Fatalf("%d bytes became %d", len(data), len(all))
		}
	})
}
