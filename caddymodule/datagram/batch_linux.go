// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// batchSize is how many datagrams a system call moves at most.
	batchSize = 16
	// controlSize is room for the address of an interface, in units of 8 bytes, to
	// which the kernel aligns.
	controlSize = 5
)

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	length uint32
}

// control is one control message.
type control [controlSize]uint64

func (c *control) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(c)), int(unsafe.Sizeof(*c)))
}

// batch is datagrams that were received together, to be sent to where they belong.
// golang.org/x/net has batches too, which allocate an address for each datagram and
// make those who send by one socket wait for each other.
type batch struct {
	n    int // of datagrams
	data []byte
	vecs [batchSize]unix.Iovec
	// in and out are about the same vecs.
	in, out  [batchSize]mmsghdr
	names    [batchSize]unix.RawSockaddrInet6 // or Inet4, which is shorter
	controls [batchSize]control

	// What transmit does, which is made once, since a closure would be made each time.
	transmit    func(fd uintptr)
	first, last int
	sent        int
	err         error
}

// batches are passed on between those who have something to forward: each is 1 MiB of
// addresses, of which what was never written to is not memory yet.
var batches = sync.Pool{New: func() any { return newBatch() }}

func newBatch() *batch {
	b := &batch{data: make([]byte, batchSize*maxDatagram)}
	for i := range b.vecs {
		b.vecs[i].Base = &b.data[i*maxDatagram]
		for _, h := range []*mmsghdr{&b.in[i], &b.out[i]} {
			h.Iov = &b.vecs[i]
			h.SetIovlen(1)
		}
		b.in[i].Name = (*byte)(unsafe.Pointer(&b.names[i]))
		b.in[i].Control = &b.controls[i].bytes()[0]
	}
	b.transmit = b.sendmmsg
	return b
}

// receive takes what is there: EAGAIN says that this is nothing.
func (b *batch) receive(fd uintptr) syscall.Errno {
	for i := range b.in {
		b.in[i].Namelen = unix.SizeofSockaddrInet6
		b.in[i].SetControllen(len(b.controls[i].bytes()))
		b.vecs[i].SetLen(maxDatagram)
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			b.n = 0
			return errno
		}
		b.n = int(n)
		for i := range b.n {
			b.vecs[i].SetLen(int(b.in[i].length))
		}
		return 0
	}
}

// payload is what is in datagram i. It is the batch's.
func (b *batch) payload(i int) []byte { return b.data[i*maxDatagram:][:b.in[i].length] }

// size is the length of datagram i.
func (b *batch) size(i int) int { return int(b.in[i].length) }

// truncated is true if datagram i is longer than what is left of it.
func (b *batch) truncated(i int) bool { return b.in[i].Flags&unix.MSG_TRUNC != 0 }

// key says whose datagram i is. It is for batches of a listening socket.
func (b *batch) key(i int) key {
	return key{clientOf(&b.names[i]), b.local(i)}
}

func clientOf(name *unix.RawSockaddrInet6) netip.AddrPort {
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), hostOrder(v4.Port))
	}
	addr := netip.AddrFrom16(name.Addr)
	if name.Scope_id != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
	}
	return netip.AddrPortFrom(addr, hostOrder(name.Port))
}

// local is the address that datagram i was sent to, if one can answer from there.
func (b *batch) local(i int) netip.Addr {
	rest := b.controls[i].bytes()[:b.in[i].Controllen]
	for len(rest) > 0 {
		header, data, next, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		rest = next
		switch {
		case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			return netip.AddrFrom4((*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0])).Spec_dst)
		case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			addr := netip.AddrFrom16((*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0])).Addr)
			if !addr.IsMulticast() {
				return addr
			}
		}
	}
	return netip.Addr{}
}

// peer is a client as the kernel is told whom to send to, and from where.
type peer struct {
	name        unix.RawSockaddrInet6 // or Inet4
	nameSize    uint32
	control     control
	controlSize int
}

// newPeer is for sockets of either family, which inet6 says.
func newPeer(k key, inet6 bool) (p peer) {
	if !inet6 {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&p.name))
		v4.Family, v4.Port, v4.Addr = unix.AF_INET, networkOrder(k.client.Port()), k.client.Addr().As4()
		p.nameSize = unix.SizeofSockaddrInet4
		if k.local.IsValid() {
			info := unix.Inet4Pktinfo{Spec_dst: k.local.As4()}
			p.setControl(unix.IPPROTO_IP, unix.IP_PKTINFO, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unix.SizeofInet4Pktinfo))
		}
		return p
	}
	scope, _ := strconv.ParseUint(k.client.Addr().Zone(), 10, 32) // 0 without a zone
	p.name = unix.RawSockaddrInet6{
		Family: unix.AF_INET6, Port: networkOrder(k.client.Port()), Addr: k.client.Addr().As16(), Scope_id: uint32(scope),
	}
	p.nameSize = unix.SizeofSockaddrInet6
	if k.local.IsValid() {
		info := unix.Inet6Pktinfo{Addr: k.local.As16()}
		p.setControl(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unix.SizeofInet6Pktinfo))
	}
	return p
}

func (p *peer) setControl(level, kind int32, data []byte) {
	header := (*unix.Cmsghdr)(unsafe.Pointer(&p.control))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(len(data)))
	copy(p.control.bytes()[unix.CmsgLen(0):], data)
	p.controlSize = unix.CmsgSpace(len(data))
}

// address has datagrams first to last sent to a client; to whom the socket is connected,
// if that is nil.
func (b *batch) address(first, last int, to *peer) {
	for i := first; i < last; i++ {
		h := &b.out[i]
		if to == nil {
			h.Name, h.Namelen, h.Control = nil, 0, nil
			h.SetControllen(0)
			continue
		}
		h.Name, h.Namelen, h.Control = (*byte)(unsafe.Pointer(&to.name)), to.nameSize, nil
		if to.controlSize > 0 {
			h.Control = &to.control.bytes()[0]
		}
		h.SetControllen(to.controlSize)
	}
}

// sendmmsg sends datagrams first to last, as many as there is room for now.
func (b *batch) sendmmsg(fd uintptr) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out[b.first])), uintptr(b.last-b.first),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if errno == unix.EINTR {
			continue
		}
		b.sent, b.err = int(n), nil
		if errno != 0 {
			b.sent, b.err = 0, errno
		}
		return
	}
}

// Ports are in network order, whatever the machine's is.

func hostOrder(port uint16) uint16 {
	return binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&port))[:])
}

func networkOrder(port uint16) (n uint16) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&n))[:], port)
	return n
}
