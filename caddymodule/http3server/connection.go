// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package http3server

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// linger is how long a connection that is to end is left alone after its last response:
// QUIC, other than TCP, sends nothing more once a connection is closed.
const linger = time.Second

type connectionKey struct{}

// connection is one of a client, from its first packet on.
type connection struct {
	generation *generation
	server     *Server
	done       atomic.Bool // with the handshake, whatever became of it

	mu       sync.Mutex
	conn     *quic.Conn // nil during the handshake
	requests int        // under way
	ending   bool
	timer    *time.Timer // closes it; nil unless it is ending
}

// accepted gives the connection to its generation. It returns false if that is ending.
func (c *connection) accepted(conn *quic.Conn) bool {
	c.shook()
	c.mu.Lock()
	c.conn = conn
	ending := c.ending
	c.mu.Unlock()
	return !ending && c.generation.give(conn)
}

// shook counts the handshake as over.
func (c *connection) shook() {
	if c.done.CompareAndSwap(false, true) {
		c.server.load.handshakes.Add(-1)
	}
}

// ended is called when the connection is.
func (c *connection) ended() {
	defer c.server.connections.Done()
	c.shook()
	c.server.load.connections.Add(-1)
	c.mu.Lock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	if c.generation.remove(c) {
		c.server.forget(c.generation)
	}
}

// begin and finish are called around a request.
func (c *connection) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
}

func (c *connection) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests--; c.timer != nil {
		c.timer.Reset(linger)
	}
}

// end closes the connection once no request was under way for a while.
func (c *connection) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending = true; c.timer == nil {
		c.timer = time.AfterFunc(linger, c.closeIdle)
	}
}

func (c *connection) closeIdle() {
	c.mu.Lock()
	idle := c.requests == 0
	c.mu.Unlock()
	if idle {
		c.cut()
	}
}

// cut closes the connection at once. One whose handshake is under way is closed when
// it is accepted.
func (c *connection) cut() {
	c.mu.Lock()
	c.ending = true
	conn := c.conn
	c.mu.Unlock()
	if conn != nil {
		_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "") // it may be closed already
	}
}

// misdirected answers a request of a connection that may not go on, which is to be sent
// on another one (RFC 9110, 15.5.20).
func misdirected(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusMisdirectedRequest)
}
