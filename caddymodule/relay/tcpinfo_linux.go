// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"net"

	"golang.org/x/sys/unix"
)

// carried is how many bytes the other end has sent and acknowledged. It is 0 of a
// connection that is closed.
func carried(tcp *net.TCPConn) uint64 {
	info := infoOf(tcp)
	return info.Bytes_acked + info.Bytes_received
}

// isClosed reports whether a connection is over in both directions: by a reset, or by
// both ends having said so.
func isClosed(tcp *net.TCPConn) bool { return infoOf(tcp).State == unix.BPF_TCP_CLOSE }

// infoOf is what the kernel knows of a connection, nothing if this process has closed it.
func infoOf(tcp *net.TCPConn) (info unix.TCPInfo) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return info
	}
	_ = raw.Control(func(fd uintptr) { // fails where it is closed
		if got, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			info = *got
		}
	})
	return info
}
