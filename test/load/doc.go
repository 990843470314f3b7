// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load sends a steady load of requests, on connections that are kept and on
// connections of their own, and reports every request that was not answered as it
// should be, by kind.
//
// It is a strict client: it sends nothing again. It closes a connection when a response
// asks for that, and makes another where it finds, before it sends, that the server has
// closed one, as every client that keeps connections does. What goes wrong from there on
// is a failure.
package load
