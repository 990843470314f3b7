// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package upstream

import "syscall"

// watchable prepares alive.
func (c *conn) watchable() {
	sc, ok := c.nc.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	c.raw = raw
	c.peek = func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		c.quiet = err == syscall.EAGAIN || err == syscall.EINTR
		return true // never wait
	}
}

// alive reports whether an idle connection is open and silent: an endpoint that
// has closed it, or sent what nobody has asked for, is not to be asked on it.
func (c *conn) alive() bool {
	if c.raw == nil {
		return true
	}
	c.quiet = false
	if err := c.raw.Read(c.peek); err != nil {
		return false
	}
	return c.quiet
}
