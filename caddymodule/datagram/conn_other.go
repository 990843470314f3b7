// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package datagram

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// batchSize is 1: several datagrams by a system call are Linux's.
const batchSize = 1

// batch is one datagram.
type batch struct {
	n      int
	data   [maxDatagram + 1]byte
	length int
	from   netip.AddrPort
}

var batches = sync.Pool{New: func() any { return &batch{n: 1} }}

func (b *batch) payload(int) []byte { return b.data[:b.length] }

func (b *batch) size(int) int { return b.length }

func (b *batch) truncated(int) bool { return b.length > maxDatagram }

// key has no local address: which one a client wrote to is not asked for here.
func (b *batch) key(int) key { return key{client: b.from} }

// peer is a client to send to.
type peer struct{ address netip.AddrPort }

func newPeer(k key, _ bool) peer { return peer{k.client} }

// conn is a UDP socket.
type conn struct {
	udp   *net.UDPConn
	inet6 bool
}

func newConn(udp *net.UDPConn) (*conn, error) { return &conn{udp: udp}, nil }

// close waits for those who use the socket: see stop.
func (c *conn) close() { _ = c.udp.Close() }

// receive calls handle with whatever comes until it is stopped or the other end of a
// connected one refuses. It holds a buffer all the time. handle must not keep the
// batch. The error is never nil.
func (c *conn) receive(handle func(*batch)) error {
	b := batches.Get().(*batch)
	defer batches.Put(b)
	for {
		var err error
		if b.length, _, _, b.from, err = c.udp.ReadMsgUDPAddrPort(b.data[:], nil); err != nil {
			return err
		}
		handle(b)
	}
}

// send sends a batch to a client, or, if that is nil, to whom the socket is connected.
// It returns how many were sent; if none, the error says why.
func (c *conn) send(b *batch, _, _ int, to *peer) (int, error) {
	var address netip.AddrPort
	if to != nil {
		address = to.address
	}
	if _, _, err := c.udp.WriteMsgUDPAddrPort(b.payload(0), nil, address); err != nil {
		return 0, err
	}
	return 1, nil
}

// sendOne sends what is not in a batch to whom the socket is connected.
func (c *conn) sendOne(payload []byte) error {
	_, err := c.udp.Write(payload)
	return err
}

// listen opens the socket of an address, one whatever n is.
func listen(ctx context.Context, address string, _ int) ([]*conn, error) {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	udp := pc.(*net.UDPConn)
	_ = udp.SetReadBuffer(socketBuffer)
	_ = udp.SetWriteBuffer(socketBuffer)
	c, err := newConn(udp)
	if err != nil {
		return nil, err
	}
	return []*conn{c}, nil
}
