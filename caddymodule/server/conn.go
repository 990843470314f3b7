// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net"
	"sync/atomic"
)

// conn is an accepted connection. It embeds the TCP connection itself, rather
// than a net.Conn, to keep the methods by which io.Copy avoids copying and by
// which one direction can be closed alone.
type conn struct {
	*net.TCPConn
	deadline readDeadline
	closed   atomic.Bool
	// in is who serves the connection.
	in atomic.Pointer[group]
	// limiter has given it a place.
	limiter *limiter
}

func newConn(tcp *net.TCPConn, of *limiter, in *group) *conn {
	c := &conn{TCPConn: tcp, limiter: of}
	c.in.Store(in)
	in.add(c)
	return c
}

// Close closes the connection and gives its place to another. Whoever hijacked it
// calls this, too.
func (c *conn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	err := c.TCPConn.Close()
	c.limiter.release()
	c.in.Load().remove(c)
	return err
}

// move makes the connection one of a group to which it was added already. Not to be
// called concurrently.
func (c *conn) move(to *group) {
	from := c.in.Swap(to)
	from.remove(c)
	// Close, if it came before, has removed it from the group where it was.
	if c.closed.Load() {
		to.remove(c)
	}
}
