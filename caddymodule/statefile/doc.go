// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package statefile keeps the configuration that a proxy runs in a file, so that
// a restarted process serves before anybody sends it one.
//
// The file holds private keys: it has mode 0600, and belongs on a memory-backed
// volume. It is replaced by a rename, so a reader sees a whole configuration or
// the one before, also after a crash.
package statefile
