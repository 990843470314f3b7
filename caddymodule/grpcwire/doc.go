// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grpcwire is the part of gRPC's protocol that a proxy speaks by itself: it
// answers calls that reach no backend, and keeps to the deadlines of clients. Calls
// that do reach one are HTTP/2 like any other request.
//
// The protocol is that of "gRPC over HTTP2" (PROTOCOL-HTTP2.md in the repository of
// gRPC), and the statuses are those of its documents statuscodes.md and
// http-grpc-status-mapping.md.
package grpcwire
