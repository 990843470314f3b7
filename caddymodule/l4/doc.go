// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package l4 serves the connections of TLS and TCP listeners by a configuration: it
// finds the route of a connection, chooses a backend and an endpoint, and joins the
// two (package relay).
//
// A configuration is compiled into a Table, which is swapped in by one atomic store.
// A connection needs it until it has a backend, and holds nothing of it afterwards: it
// stays with its endpoint whatever becomes of its route, until it ends by itself, or
// is idle for config.Limits.TCPIdleTimeout, or its listener is gone.
//
// # Which route
//
// Of the routes that are attached to the listener a connection goes to the first by:
// the most specific of the routes' own hostnames that cover its SNI (exact, then the
// longest wildcard, then none), for TLSRoutes only; the older route; the lesser ID. Its
// backends share connections by their weights, exactly.
//
// # What can't be served
//
// A connection is reset (RST) if its share of the route could not be resolved, its
// backend has no endpoints, or none of up to three can be connected to; it is closed,
// without an alert of TLS, if no route takes it.
//
// # What is said to endpoints
//
// Where TLS was terminated, and for TCP, an endpoint is spoken to over TLS if its
// backend says so, with nothing offered by ALPN. What passes through encrypted is sent
// as it is. The header of the PROXY protocol, if the Gateway wants that, comes before
// all of it.
package l4
