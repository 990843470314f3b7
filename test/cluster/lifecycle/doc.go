// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle proves of the test cluster what others rely on: that it starts,
// also after a crash of any part of it, and that it leaves nothing behind. Its tests
// run with "make test-cluster", as root.
package lifecycle
