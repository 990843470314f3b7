// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package upstream

import (
	"io"
	"net"
	"os"
	"syscall"
)

// idle is what a connection is watched with while it carries nothing, and what
// begins the next exchange on it.
type idle struct {
	raw       syscall.RawConn // nil if there is no such access
	look, ask func(fd uintptr) bool

	silent   bool // result of look
	waiting  bool // ask has written the request
	answered bool // ask has read something
	err      error
}

// watchable prepares silent and ask.
func (c *conn) watchable() {
	sc, ok := c.nc.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	c.idle.raw = raw
	c.idle.look = func(fd uintptr) bool {
		c.idle.silent = silent(fd)
		return true // never wait
	}
	c.idle.ask = c.askStep
}

// silent reports whether a connection is open and nothing has come on it.
func silent(fd uintptr) bool {
	var b [1]byte
	for {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err != syscall.EINTR {
			return err == syscall.EAGAIN
		}
	}
}

// silent is alive for clear text.
func (c *conn) silent() (bool, error) {
	if c.idle.raw == nil {
		return true, nil
	}
	c.idle.silent = false
	err := c.idle.raw.Read(c.idle.look)
	return c.idle.silent, err
}

// ask looks at an idle connection, writes c.out, and waits for the first of the
// response, as one read: net.Conn would, between write and wait, try to read
// what can't be there yet, and a look of its own would cost as much as a read.
// It returns false if what is left of c.out is to be written, and the response to
// be read, in the usual way, and errStale if the connection is not to be used.
func (c *conn) ask() (answered bool, err error) {
	if c.idle.raw == nil {
		return false, nil
	}
	c.idle.waiting, c.idle.answered, c.idle.err = false, false, nil
	if err := c.idle.raw.Read(c.idle.ask); err != nil {
		return false, err
	}
	return c.idle.answered, c.idle.err
}

// askStep is called by RawConn.Read, and again when there is something to read if
// it has returned false. What comes after the first call has begun is not missed:
// the poller was reset before, and nothing was there when it was.
func (c *conn) askStep(fd uintptr) (done bool) {
	if c.idle.waiting {
		return c.takeFirst(fd)
	}
	if !silent(fd) {
		c.idle.err = errStale
		return true
	}
	n, err := retry(syscall.Write, fd, c.out)
	switch {
	case err == syscall.EAGAIN:
		return true
	case err != nil:
		c.idle.err = c.opError("write", err)
		return true
	}
	c.accepted = n
	c.idle.waiting = n == len(c.out)
	return !c.idle.waiting
}

func (c *conn) takeFirst(fd uintptr) (done bool) {
	n, err := retry(syscall.Read, fd, c.rd.room())
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != nil:
		c.idle.err = c.opError("read", err)
	case n == 0:
		c.idle.err = io.EOF
	default:
		c.rd.w += n
		c.idle.answered = true
	}
	return true
}

// glance reads from a connection without waiting.
type glance struct {
	raw  syscall.RawConn // nil if there is no such access
	step func(fd uintptr) bool
	p    []byte
	n    int
	err  error
}

func (g *glance) prepare(nc net.Conn) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	g.raw = raw
	g.step = func(fd uintptr) bool {
		g.n, g.err = retry(syscall.Read, fd, g.p)
		return true // never wait
	}
}

// read returns errNothingYet where it would have to wait.
func (g *glance) read(p []byte) (int, error) {
	if g.raw == nil {
		return 0, errNothingYet
	}
	g.p = p
	err := g.raw.Read(g.step)
	g.p = nil
	switch {
	case err != nil:
		return 0, err
	case g.err == syscall.EAGAIN:
		return 0, errNothingYet
	case g.err != nil:
		return 0, g.err
	case g.n == 0:
		return 0, io.EOF
	}
	return g.n, nil
}

// retry calls f until no signal interrupts it.
func retry(f func(fd int, p []byte) (int, error), fd uintptr, p []byte) (int, error) {
	for {
		n, err := f(int(fd), p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// opError is the error that net.Conn would have returned.
func (c *conn) opError(op string, err error) error {
	return &net.OpError{
		Op: op, Net: "tcp", Source: c.nc.LocalAddr(), Addr: c.nc.RemoteAddr(),
		Err: os.NewSyscallError(op, err),
	}
}
