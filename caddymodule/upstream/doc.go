// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package upstream sends requests to the endpoints of backends.
//
// HTTP/1.1 is spoken by a client of its own: connections are pooled per endpoint
// and driven by the goroutine of the request, so that an exchange costs no
// goroutine switches, and only a request with a body that is not already here
// gets a second goroutine, which uploads it while the response may be arriving.
// HTTP/2 goes through net/http's Transport, one per endpoint.
//
// Connections for bytes that this package knows nothing of are made by Backend.Dial.
//
// All are spoken in clear text or over TLS, as an Identity says who the endpoints
// must be. Nothing of a connection outlives its identity, or is shared with another.
//
// A Registry holds the backends of the process. They outlive configurations:
// a new set of endpoints leaves the connections and counters of those that stay
// as they are.
//
// What is parsed from an endpoint is parsed strictly (RFC 9112): whatever two
// readers could understand in two ways is an error and closes the connection.
package upstream
