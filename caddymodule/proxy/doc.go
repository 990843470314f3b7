// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package proxy answers requests by a configuration: it finds the listener, the
// route and the backend of a request, runs filters, and forwards it.
//
// A configuration is compiled into a Table off the request path. Swapping in a
// new Table is one atomic store, and a request uses the one it began with to its
// end, so that nothing is ever locked between a request and a change.
//
// # Which rule
//
// Of the listeners of a socket the one with the most specific hostname that
// covers the Host serves the request, and no other (Gateway API, listener
// isolation): without one the answer is 404. Over TLS the listener chosen by SNI
// must be the same, else the answer is 421, as GEP-3567 asks.
//
// Rules are matched against the path as nginx does it: percent-decoded, with dot
// segments resolved and repeated slashes taken for one, so that no spelling of a
// path passes by a rule for it. The path is sent on in the spelling of the client
// unless a filter rewrites it or it has dot segments, which a backend might
// resolve against another path than the one that was matched: it is then sent on
// resolved. A path that leads above the root is answered with 400.
//
// # Errors
//
// 502 is answered where a backend could not be connected to or has sent nonsense,
// 503 where it has no endpoints, 504 where a timeout has passed, 500 for the
// share of a reference that could not be resolved. A response that breaks off
// after it has begun is cut, so that the client sees that it is not complete.
package proxy
