// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package mirror sends copies of requests aside (HTTPRequestMirrorFilter,
// GEP-3171). Their responses are thrown away.
//
// A request never waits for its copies: a [Sender] sends them on goroutines of its
// own and has bounds for their number and their time, and a [Tee] hands a body on
// as it is read, to copies that may lag behind by so much and no more. What goes
// beyond a bound is given up, which the metrics show, and which the request and its
// client don't notice.
package mirror
