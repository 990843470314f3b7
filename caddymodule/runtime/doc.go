// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runtime holds what one proxy process serves, and changes it.
//
// A [Runtime] owns the sockets, the engine that answers requests and serves connections,
// the configuration that both follow and the file it is kept in. It outlives any
// number of Caddy configurations. Configurations are applied one at a time, off
// the request path, and whole or not at all:
//
//  1. It is validated, and compiled into the engine's table.
//  2. New sockets are opened. Until here a failure leaves everything as it was.
//  3. The table and TLS are swapped, and sockets no longer wanted are closed
//     without losing what clients have sent.
//  4. It is kept on disk.
//
// What did not change (sockets, connections, streams, sessions of UDP, upstream pools, session
// tickets) is not touched.
package runtime
