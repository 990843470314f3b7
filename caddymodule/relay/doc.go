// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package relay joins two connections: what comes on one goes out on the other, in
// both directions at once, until both have ended.
//
// # Ends
//
// The end of one direction is passed on, and the other goes on: FIN becomes FIN,
// close_notify of TLS becomes close_notify, and each the other where only one side
// has TLS. Whatever else ends a connection (a reset, an error, no traffic for the
// idle timeout, the end of the context) resets both sides at once, so that what is not
// complete does not look complete.
//
// # Costs
//
// A pair that is quiet holds no buffer and no pipe: for a connection in clear text
// its goroutine waits until there is something to read before it takes a buffer, and
// gives it back once that is written. It costs 8 to 11 KiB, most of it the stacks of
// its two goroutines, the sockets not included (TestIdlePairsAreSmall). A side with TLS has
// 512 bytes more, and what crypto/tls keeps.
//
// Where both sides are TCP and there is more than a buffer takes, the kernel moves the
// bytes (splice), for up to a second at a time, so that a direction that has become quiet
// lets go of its pipe.
package relay
