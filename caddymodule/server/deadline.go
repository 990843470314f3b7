// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"sync"
	"syscall"
	"time"
)

// readDeadline gives the deadline for reading to the connection when it is read
// from, and not before: net/http sets and clears it seven times for a request,
// mostly where what is read next is in its buffer already, and each time the
// runtime changes a timer.
type readDeadline struct {
	mu      sync.Mutex
	reads   int // under way
	wanted  time.Time
	applied time.Time
}

// beginRead is called in front of a read, endRead after it.
func (c *conn) beginRead() error {
	d := &c.deadline
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return c.applyDeadline()
}

func (c *conn) endRead() {
	c.deadline.mu.Lock()
	defer c.deadline.mu.Unlock()
	c.deadline.reads--
}

// applyDeadline is called with mu held.
func (c *conn) applyDeadline() error {
	d := &c.deadline
	if d.wanted.Equal(d.applied) {
		return nil
	}
	d.applied = d.wanted
	return c.TCPConn.SetReadDeadline(d.wanted)
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	defer c.endRead()
	if err := c.beginRead(); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(p)
}

// WriteTo implements io.WriterTo.
func (c *conn) WriteTo(w io.Writer) (int64, error) {
	defer c.endRead()
	if err := c.beginRead(); err != nil {
		return 0, err
	}
	return c.TCPConn.WriteTo(w)
}

// SyscallConn implements syscall.Conn. Who has it may read at any time, so from
// now on a deadline holds as soon as it is set.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if err := c.beginRead(); err != nil {
		return nil, err
	}
	return c.TCPConn.SyscallConn()
}

// SetReadDeadline implements net.Conn. A read under way heeds it at once.
func (c *conn) SetReadDeadline(t time.Time) error {
	d := &c.deadline
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if d.reads == 0 {
		return nil
	}
	return c.applyDeadline()
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}
