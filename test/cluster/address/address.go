// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package address lays out the addresses of a test cluster.
//
// They come out of 198.18.0.0/15, which RFC 2544 sets aside for tests of network
// devices: no network that a machine is in should use it. Each cluster of a
// machine has a block of its own there, so that several can run at a time.
package address

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	// Blocks is how many clusters have room.
	Blocks = 1 << (blockBits - baseBits)

	baseBits  = 15
	blockBits = 20
)

var base = netip.MustParsePrefix("198.18.0.0/15")

// Block is the addresses of one cluster.
type Block struct {
	// All holds everything below.
	All netip.Prefix
	// Host and Node are the ends of the link between the machine and the node.
	Host, Node netip.Prefix
	// Pods and Services are the ranges that Kubernetes gives addresses from.
	Pods, Services netip.Prefix
	// Pool is where the addresses of Services of type LoadBalancer come from.
	Pool netip.Prefix
}

// NewBlock returns the block with a number from 0 to Blocks-1.
func NewBlock(number int) (Block, error) {
	if number < 0 || number >= Blocks {
		return Block{}, fmt.Errorf("block %d of addresses: there are %d", number, Blocks)
	}
	start := at(base.Addr(), number<<(32-blockBits))
	return Block{
		All:      netip.PrefixFrom(start, blockBits),
		Host:     netip.PrefixFrom(at(start, 1), 30),
		Node:     netip.PrefixFrom(at(start, 2), 30),
		Pods:     netip.PrefixFrom(at(start, 2<<8), 23),
		Services: netip.PrefixFrom(at(start, 4<<8), 22),
		Pool:     netip.PrefixFrom(at(start, 8<<8), 24),
	}, nil
}

// Number tells which block an address is in, if any.
func Number(a netip.Addr) (int, bool) {
	if !base.Contains(a) {
		return 0, false
	}
	return int(number(a)-number(base.Addr())) >> (32 - blockBits), true
}

// APIServer is the address of the Service "kubernetes": the first of its range.
func (b Block) APIServer() netip.Addr {
	return b.Services.Addr().Next()
}

// Outside is an address that nobody has and nobody gets: not one of the pool.
func (b Block) Outside() netip.Addr {
	return at(b.All.Addr(), 15<<8+1)
}

// Last is the highest address of the pool, the last to be given without a request.
func (b Block) Last() netip.Addr {
	return at(b.Pool.Addr(), 1<<(32-b.Pool.Bits())-1)
}

func at(a netip.Addr, offset int) netip.Addr {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], number(a)+uint32(offset))
	return netip.AddrFrom4(bytes)
}

func number(a netip.Addr) uint32 {
	bytes := a.As4()
	return binary.BigEndian.Uint32(bytes[:])
}
