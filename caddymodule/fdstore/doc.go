// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fdstore lets the listening sockets of a proxy outlive its process, as the
// file descriptor store of systemd does for services.
//
// A [Store] is a process beside the proxy, which does nothing but hold duplicates of
// the descriptors. While a socket has one, the kernel goes on completing handshakes:
// clients that connect after the proxy was killed wait in the accept queue, and what
// they have sent waits with them, until the proxy is there again. Its [Client] gets
// the sockets, and listens on those that the configuration wants, instead of binding
// the addresses anew. Only what the dead process had accepted is lost.
//
// So that nobody waits in vain, a Store closes the sockets when no proxy has come for
// them, and applied a configuration, within a bound. And so that a socket that is
// closed on purpose refuses connections at once, a proxy takes it from the Store
// first.
//
// The two speak over a unix socket of packets. A packet is a line of text, with one
// descriptor or none:
//
//	take           the proxy asks what there is; the Store answers with
//	socket NAME    and the descriptor, for each socket, and then
//	done 0
//
//	socket NAME    the proxy hands over a socket, with the descriptor; after all of them
//	done VERSION   makes them what the Store holds, instead of all that it did
//	done VERSION   is the answer, once the descriptors of all others are closed
//
// The name is the host:port that was bound. A proxy that finds its Store gone tries to
// connect until there is one, and hands over everything anew; nothing else waits for
// it. Only on Linux are sockets handed over; elsewhere a Client finds no Store.
package fdstore
