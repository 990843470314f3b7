// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stream is what the sockets of TLS and TCP listeners (package server) and
// those who carry the bytes of their connections (package l4) say to each other: a
// connection that is not for HTTP, and who serves it.
package stream

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"
)

// Conn is an accepted connection of a TCP or TLS listener. Where PROXY protocol is
// demanded its header has been read, and where the listener terminates TLS the
// handshake is done. No deadline is set on it.
type Conn struct {
	// TCP is the client's connection.
	TCP *net.TCPConn
	// Prefix is what was read from TCP already and is to be passed on in front of what
	// comes next. It belongs to the handler. nil if there is nothing, or if TLS is set.
	Prefix []byte
	// TLS is the session on top of TCP, to be read from and written to in place of it,
	// where the listener terminates TLS; else nil. The handler that wants to end it
	// properly calls CloseWrite, and one that wants to reset the connection sets a
	// linger of 0 on TCP.
	TLS *tls.Conn

	// Listener is the ID of the listener that the connection is for.
	Listener string
	// ServerName is the name that the client asked for by SNI, in lower case; empty if
	// it named none, and for TCP listeners.
	ServerName string
	// Client and Local are the ends of the connection: as the PROXY protocol says,
	// else those of TCP.
	Client, Local netip.AddrPort
	// Accepted is when the connection was taken from the socket.
	Accepted time.Time
}

// Handler serves connections.
type Handler interface {
	// ServeStream carries the bytes of c and returns when both directions have ended.
	// Called in a goroutine of the connection, concurrently for different ones. The
	// caller closes the connection afterwards, with the linger that is set on TCP.
	//
	// ctx ends when the connection must be cut: its listener is gone and the time for
	// ending by itself is over, or the process shuts down. c.TCP is reset with it, so
	// reads and writes that are under way fail.
	ServeStream(ctx context.Context, c *Conn)
}
