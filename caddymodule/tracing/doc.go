// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing records requests as spans and sends them to OpenTelemetry collectors.
//
// A request has a server span, and a client span for each try at an endpoint, whose
// context the endpoint gets (W3C Trace Context). What they say follows OpenTelemetry's
// semantic conventions; the names of what served the request are in attributes that begin
// with "kubera.".
//
// Nothing here keeps a request waiting: spans that have ended go into a queue of bounded
// length, one for each destination, and what doesn't fit is dropped and counted. A
// goroutine of the queue sends them, in batches.
package tracing
