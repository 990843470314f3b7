// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operations has what is done to a cluster from the second day on, under load:
// programs are replaced, killed and scaled, nodes drained, certificates rotated, the
// controller and the API server are away. Every request is expected to be answered, but
// for those that nobody could save: these are counted.
//
// The suite needs the test cluster with Kubera deployed in it, and the build tag
// operations: make test-operations.
package operations
