// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"context"
	"net"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// conn is a UDP socket.
type conn struct {
	udp   *net.UDPConn
	raw   syscall.RawConn
	inet6 bool
}

func newConn(udp *net.UDPConn) (*conn, error) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &conn{udp: udp, raw: raw}, nil
}

// close waits for those who use the socket: see stop.
func (c *conn) close() { _ = c.udp.Close() }

// receive calls handle with whatever comes until it is stopped or the other end of a
// connected one refuses. While nothing comes it holds no buffer. handle must not
// keep the batch. The error is never nil.
func (c *conn) receive(handle func(*batch)) error {
	var failed error
	err := c.raw.Read(func(fd uintptr) (done bool) {
		b := batches.Get().(*batch)
		defer batches.Put(b)
		for {
			switch errno := b.receive(fd); errno {
			case 0:
			case unix.EAGAIN:
				return false
			default:
				failed = errno
				return true
			}
			handle(b)
			// What comes from here on ends the wait that follows.
			if b.n < batchSize {
				return false
			}
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// send sends datagrams first to last of a batch to a client, or, if that is nil, to
// whom the socket is connected. It does not wait. It returns how many were sent, which
// may be fewer for no reason; if none, the error says why.
func (c *conn) send(b *batch, first, last int, to *peer) (int, error) {
	b.address(first, last, to)
	b.first, b.last = first, last
	// Not Write, by which those who send would wait for each other.
	if err := c.raw.Control(b.transmit); err != nil {
		return 0, err
	}
	return b.sent, b.err
}

// sendOne sends what is not in a batch to whom the socket is connected.
func (c *conn) sendOne(payload []byte) error {
	var sent error
	err := c.raw.Control(func(fd uintptr) {
		_, sent = unix.SendmsgN(int(fd), payload, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return err
	}
	return sent
}

// listen opens n sockets that share the clients of an address, or fewer if the system
// does not let them. It fails if anybody else listens there, or it is this process.
func listen(ctx context.Context, address string, n int) ([]*conn, error) {
	first, err := listenOne(ctx, address, false)
	if err != nil {
		return nil, err
	}
	conns := []*conn{first}
	// After bind, so that the first one shares with nobody who was there before it.
	shares := n > 1 && setOption(first.raw, unix.SOL_SOCKET, unix.SO_REUSEPORT) == nil
	for shares && len(conns) < n {
		next, _ := listenOne(ctx, first.udp.LocalAddr().String(), true)
		if next == nil { // fewer will do
			break
		}
		conns = append(conns, next)
	}
	return conns, nil
}

func listenOne(ctx context.Context, address string, share bool) (*conn, error) {
	var inet6 bool
	lc := net.ListenConfig{Control: func(network, _ string, raw syscall.RawConn) error {
		if share {
			if err := setOption(raw, unix.SOL_SOCKET, unix.SO_REUSEPORT); err != nil {
				return err
			}
		}
		if inet6 = strings.HasSuffix(network, "6"); inet6 {
			return setOption(raw, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO)
		}
		return setOption(raw, unix.IPPROTO_IP, unix.IP_PKTINFO)
	}}
	pc, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	udp := pc.(*net.UDPConn)
	// As much as the system allows: bursts wait here.
	_ = udp.SetReadBuffer(socketBuffer)
	_ = udp.SetWriteBuffer(socketBuffer)
	c, err := newConn(udp)
	if err != nil {
		return nil, err
	}
	c.inet6 = inet6
	return c, nil
}

// setOption sets an option to 1.
func setOption(raw syscall.RawConn, level, option int) error {
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, 1) }); err != nil {
		return err
	}
	return failed
}
