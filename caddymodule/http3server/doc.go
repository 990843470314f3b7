// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package http3server serves HTTP/3 at the UDP port beside a TCP socket: the same
// requests, by another transport.
//
// A [Server] is one UDP socket. It is an offer that clients can do without, so that it
// is no reason to refuse a configuration: a socket that can't be bound is tried again,
// and clients use TCP meanwhile.
//
// As in package server, connections that are open stay with the settings, and with the
// rule for client certificates, by which they were let in: these are a generation. TLS
// is read for each handshake, so that certificates reach the next one. There is no 0-RTT:
// requests in it could be replayed.
//
// HTTP/3 is that of quic-go. What its requests and ends lack of what the handlers of
// net/http are used to is made up for here.
package http3server
