// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package server owns the sockets that clients connect to, the http.Servers
// behind them and the TLS that they terminate.
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
//   - A socket that is not wanted any more empties its accept queue, answers what
//     was asked on the connections it has, and then closes them.
//
// Requests go to the handler of the socket's address, whatever listener they
// are for; telling listeners apart is the job of the handler, except in TLS,
// where the listener is chosen by SNI and presents its own certificates only.
package server
