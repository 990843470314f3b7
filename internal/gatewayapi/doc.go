// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gatewayapi holds the semantics of the Gateway API: which listeners
// are valid, which routes attach to them, what their references resolve to, and
// the statuses that follow.
//
// Translate is a pure function of a snapshot. It gives a neutral model, which
// package render turns into the configuration of proxies, and the statuses of
// all objects, as far as they follow from objects alone; Programmed completes
// them with what the proxies answered.
//
// # Failing closed
//
// What can't be honoured is never replaced by something laxer:
//
//   - An HTTPS listener without a usable certificate keeps its hostname and
//     refuses handshakes, so that its clients don't end up at a less specific
//     listener.
//   - A rule that holds something invalid or not served (a filter, a retry, ...)
//     answers 500 to the requests that its matches take, so that they don't end
//     up at a less specific rule that lacks, say, the access control of the
//     first. This is so whether or not other rules of the route are valid. Only a
//     match that can't be understood itself (an invalid regular expression) takes
//     no requests.
//   - A share of backends whose reference is invalid answers 500.
package gatewayapi
