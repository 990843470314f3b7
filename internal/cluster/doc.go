// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cluster reads what one Gateway depends on from the cache of a cluster
// into a Snapshot, and remembers what it read, so that an event can be traced
// back to the Gateways that it concerns. It interprets nothing: what a reference
// means, and whether it is allowed, is decided by who translates the Snapshot.
package cluster
