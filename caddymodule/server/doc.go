// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server owns the TCP sockets that clients connect to, the http.Servers
// behind them and the TLS that they terminate. What comes to TLS and TCP listeners it
// hands to a stream.Handler.
//
// A [Set] has one TCP socket for each address that a configuration listens on,
// and changes from one configuration to the next in two steps: Prepare opens
// what is missing and may fail, leaving everything as it was; Commit can't fail
// and touches only what differs. A socket is opened once and lives until no
// listener wants its address any more:
//
//   - Certificates and PROXY protocol rules are read from the socket for each new
//     connection, so a change of them reaches the next handshake.
//   - Limits and timeouts belong to an http.Server, which can't change them. A
//     new one takes over the accepted connections of the socket; those that are
//     open stay with the one that accepted them until they end.
//   - Where the connections that are open may not go on, since they were let in by
//     another rule for client certificates, or in clear text, their http.Server is
//     revoked: it ends the responses that are under way and begins no other.
//   - The connections of a TLS or TCP listener go on for as long as it has its
//     address and its protocol, and lets clients in by a rule that covers them. Once
//     it doesn't, they get some time to end by themselves.
//   - A socket that is not wanted any more empties its accept queue, answers what
//     was asked on the connections it has, and then closes them.
//   - A listener may change its protocol; the socket stays, and nobody is refused.
//
// The connections of HTTP and HTTPS listeners go straight to their http.Server. Others,
// and those of HTTPS listeners that share their address with TLS listeners, get a
// goroutine first that reads what says whom they are for: the header of the PROXY
// protocol and the ClientHello. Who wants no listener is told nothing.
//
// Requests go to the handler of the socket's address, whatever listener they
// are for; telling listeners apart is the job of the handler, except in TLS,
// where the listener is chosen by SNI and presents its own certificates only.
package server
