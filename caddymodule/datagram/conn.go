// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	// socketBuffer is what a listening socket asks for, each way, in bytes.
	socketBuffer = 4 << 20
	// lookupTimeout bounds finding the address of an endpoint that has a name.
	lookupTimeout = 3 * time.Second
)

// dial connects a socket to an endpoint. It waits for the look-up of names only.
func dial(ctx context.Context, address string) (*conn, error) {
	d := net.Dialer{Timeout: lookupTimeout}
	c, err := d.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return newConn(c.(*net.UDPConn))
}

// stop ends receive, after what it is handling, and waits for nothing. Who receives
// closes the socket then: to close it is to wait for all who use it, among them perhaps
// some who wait for a lock of who closes it.
func (c *conn) stop() { _ = c.udp.SetReadDeadline(epoch) }

// stopped is true for what receive returns after stop.
func stopped(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// unreachable is true for what a connected socket says when nobody is there.
func unreachable(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

// tooLong is true for a datagram that does not fit into a packet of the network that it
// should be sent by.
func tooLong(err error) bool { return errors.Is(err, syscall.EMSGSIZE) }

// noRoom is true if no socket could be opened since there are too many.
func noRoom(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL, syscall.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
