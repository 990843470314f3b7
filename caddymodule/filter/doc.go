// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package filter runs the filters of a rule, or of one of its backends.
//
// A [Chain] is compiled from []config.Filter off the request path and is
// immutable; any number of goroutines may use it. The nil Chain has no filters
// and costs nothing.
//
// # Order
//
// Filters see the request one after the other, in the order of the
// configuration, each with the changes of those before it. The first that
// answers ends the chain. A mirror copies the request as the filters before it have
// left it. Response header modifiers apply, in their order, to
// every response to a request that the rule took: the response of a backend, and
// also redirects, static responses and refusals, wherever in the list the
// modifier is. A rule that redirects to HTTPS and sets
// Strict-Transport-Security does what its author expects. CORS has the last word
// about its own fields and adds them to all responses of requests that have got to
// it, refusals included, so that a page can read them; what is refused before has
// none.
//
// # Header fields that modifiers leave alone
//
// Fields that belong to one connection or frame the message (Connection,
// Content-Length, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding,
// Upgrade) are the proxy's own: a modifier that names one has no effect on it.
// Setting Host on a request replaces the host that the request is sent on with,
// as Rewrite.Hostname does; a request has exactly one, so adding to it or
// removing it has no effect.
package filter
