// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package protocol has tests in which the peers of a proxy don't play by the
// rules: clients that smuggle, flood and stall, backends that answer with what
// nobody asked for, and controllers that push what can't be served. They talk
// raw bytes over loopback to a runtime with its engine in this process, so that
// the race detector and the leak detector see all of it.
package protocol
