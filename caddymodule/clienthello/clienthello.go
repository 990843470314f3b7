// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clienthello finds out which name the client of a TLS connection asks for,
// and leaves all that it sent to be read again: by the server that ends the session
// here, or by the one that it is passed through to. It never writes to the client,
// which gets no alert.
package clienthello

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// Timeout bounds how long a client may take to send a whole hello.
	Timeout = 10 * time.Second
	// MaxBytes bounds the records of a hello. With the keys and certificates of
	// post-quantum cryptography hellos have a few KiB.
	MaxBytes = 64 << 10
)

// Hello is what a client begins with.
type Hello struct {
	// ServerName is the name that it asks for (SNI, RFC 6066, section 3), in the
	// client's own letter case; empty if it names none.
	ServerName string
	// Bytes are all that was read: the records of the hello, and perhaps some of what
	// came after them. The caller's.
	Bytes []byte
}

// Source is the connection of a client.
type Source interface {
	io.Reader
	SetReadDeadline(time.Time) error
}

// Read reads a hello from a connection of which head was read before; head is Read's
// from then on. It sets a deadline for reading, and removes it if there is no error.
// An error means that no whole hello came within the bounds, or something else than
// TLS; the connection is of no more use then.
func Read(from Source, head []byte) (Hello, error) {
	if err := from.SetReadDeadline(time.Now().Add(Timeout)); err != nil {
		return Hello{}, fmt.Errorf("setting the deadline of a ClientHello: %w", err)
	}
	r := &recorder{from: from, seen: head}
	// Always an error: at the latest the one by which capture stops it.
	if err := tls.Server(r, capture).Handshake(); !r.whole {
		return Hello{}, fmt.Errorf("reading a ClientHello: %w", err)
	}
	if err := from.SetReadDeadline(time.Time{}); err != nil {
		return Hello{}, fmt.Errorf("removing the deadline of a ClientHello: %w", err)
	}
	return Hello{ServerName: r.serverName, Bytes: r.seen}, nil
}

var (
	errCaptured = errors.New("the hello was captured")
	errTooLong  = fmt.Errorf("it has more than %d bytes", MaxBytes)
)

// capture notes what a hello says, before anything is answered or even agreed on: a
// client of old versions can be passed through.
var capture = &tls.Config{
	MinVersion: tls.VersionTLS12,
	GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		r := hello.Conn.(*recorder)
		r.whole, r.serverName = true, hello.ServerName
		return nil, errCaptured
	},
}
