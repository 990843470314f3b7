// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package router finds the rule that a request belongs to.
//
// One [Table] holds the rules of one listener. It is compiled once, off the
// request path, never changes afterwards, and may be read by any number of
// goroutines. A lookup costs what the request and the rules competing for its
// host and path cost, not what all routes of the listener cost: hosts, exact paths
// and gRPC services are map lookups, prefixes are a walk down a trie of path elements, and
// only regular expressions and rules that differ in nothing but method, headers
// or query are tried one after the other. A lookup allocates nothing unless the
// rules that it tries look at query parameters.
//
// The order among rules that fit is that of [config.Route].
package router
