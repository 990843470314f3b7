// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	// network keeps the bounds of packets.
	network = "unixpacket"
	// none is no descriptor.
	none = -1
	// patience is how long one side waits for the other.
	patience = time.Second
)

// errProtocol is a packet that nobody of ours would send.
var errProtocol = errors.New("the other side does not speak the protocol")

// conn is a connection between a proxy and a Store.
type conn struct{ *net.UnixConn }

// send sends a message, with a descriptor unless that is none. The descriptor stays
// the caller's.
func (c conn) send(m message, fd int) error {
	var rights []byte
	if fd != none {
		rights = encodeRights(fd)
	}
	if _, _, err := c.WriteMsgUnix(m.encode(), rights, nil); err != nil {
		return fmt.Errorf("sending %s: %w", m.verb, err)
	}
	return nil
}

// receive returns a message and, with a socket and only there, its descriptor, which
// is the caller's from now on. The error is io.EOF when the other side has gone, and
// errProtocol where it goes wrong.
func (c conn) receive() (message, int, error) {
	packet, rights := make([]byte, maxMessage+1), make([]byte, rightsSize)
	n, oob, flags, _, err := c.ReadMsgUnix(packet, rights)
	if err != nil {
		return message{}, none, err
	}
	fds, err := decodeRights(rights[:oob])
	if err != nil {
		return message{}, none, fmt.Errorf("%w: %w", errProtocol, err)
	}
	if n == 0 && len(fds) == 0 {
		return message{}, none, io.EOF
	}
	m, err := decode(packet[:n])
	wanted := 0
	if m.verb == socket {
		wanted = 1
	}
	switch {
	case err != nil:
	case flags&truncated != 0:
		err = errors.New("a packet is too long")
	case len(fds) != wanted:
		err = fmt.Errorf("%s comes with %d descriptors", m.verb, len(fds))
	case wanted == 1:
		return m, fds[0], nil
	default:
		return m, none, nil
	}
	for _, fd := range fds {
		closeDescriptor(fd)
	}
	return message{}, none, fmt.Errorf("%w: %w", errProtocol, err)
}
