// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestConnectionsNoticeDeadHosts reads the options back: a host that vanishes
// can't be had on loopback.
func TestConnectionsNoticeDeadHosts(t *testing.T) {
	e := &Endpoint{address: listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })}
	c, err := e.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for option, want := range map[int]int{
			unix.TCP_USER_TIMEOUT: int(deadAfter.Milliseconds()), unix.TCP_KEEPIDLE: 15, unix.TCP_KEEPINTVL: 5, unix.TCP_KEEPCNT: 3,
		} {
			got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option)
			if err != nil || got != want {
				t.Errorf("option %d is %d, %v; want %d", option, got, err, want)
			}
		}
	})
}

// TestBytesMayBeReadLate: TCP_USER_TIMEOUT would also end a connection whose other end
// is alive and does not read for a while.
func TestBytesMayBeReadLate(t *testing.T) {
	b := newBackend(t, Bytes, listen(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) }))
	c, err := b.Dial(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.TCP.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for option, want := range map[int]int{unix.TCP_USER_TIMEOUT: 0, unix.TCP_KEEPIDLE: 15, unix.TCP_KEEPINTVL: 5, unix.TCP_KEEPCNT: 3} {
			if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); err != nil || got != want {
				t.Errorf("option %d is %d, %v; want %d", option, got, err, want)
			}
		}
	})
}
