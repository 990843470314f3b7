// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// truncated are the flags of a packet that did not fit.
const truncated = unix.MSG_TRUNC | unix.MSG_CTRUNC

// rightsSize is room for a descriptor. More than it has room for are not received.
var rightsSize = unix.CmsgSpace(4)

func encodeRights(fd int) []byte { return unix.UnixRights(fd) }

// decodeRights returns the descriptors that came with a packet.
func decodeRights(control []byte) (fds []int, err error) {
	if len(control) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, fmt.Errorf("reading control messages: %w", err)
	}
	for i := range messages {
		if some, err := unix.ParseUnixRights(&messages[i]); err == nil { // or it is of another kind
			fds = append(fds, some...)
		}
	}
	return fds, nil
}

func closeDescriptor(fd int) {
	_ = unix.Close(fd) // of a socket that has others; nothing is to be done about it
}

// listens tells whether the descriptor is a socket that accepts connections of TCP,
// maybe by way of MPTCP.
func listens(fd int) bool {
	accepts, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil || accepts == 0 {
		return false
	}
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && (family == unix.AF_INET || family == unix.AF_INET6)
}

// refuse makes a socket refuse connections, whoever has descriptors of it.
func refuse(ln *net.TCPListener) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.Shutdown(int(fd), unix.SHUT_RD) }); err != nil {
		return err
	}
	return failed
}
