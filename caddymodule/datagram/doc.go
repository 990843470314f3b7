// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package datagram forwards datagrams between clients and endpoints by sessions.
//
// A [Set] has a socket for each address of a UDP listener and changes from one
// configuration to the next as the Set of package server does: Prepare opens what is
// missing and may fail, leaving everything as it was; Commit can't fail.
//
// A session is what a client sends from one address and port to one address of ours,
// and what comes back. Its first datagram chooses a backend, by the weights of the
// route, and an endpoint of it; a socket of its own, connected to that, tells its
// answers from those of all others. A session lives until nothing was sent either way
// for a while, until others need its place, or until its route or backend is gone. If
// its endpoint is gone, or refuses, it is given another one of the same backend with
// its next datagram.
//
// The sockets of an address, one for each processor up to a bound, share its clients,
// who are told apart by the kernel. Each has a goroutine that reads and sends several
// datagrams by a system call, and sessions of its own, so that what goes to endpoints
// meets a lock that only this goroutine takes often. What comes back is sent by the
// goroutine of its session and meets none. Neither allocates. Nothing waits for room to
// send: what the network does not take is dropped, as it would be by the network.
//
// An idle session costs a descriptor, and 5 to 6 KiB of memory: see
// BenchmarkIdleSession. Buffers belong to what is being forwarded.
package datagram
