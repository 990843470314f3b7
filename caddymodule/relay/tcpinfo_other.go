// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package relay

import "net"

// carried knows nothing: the counters of the directions have to do.
func carried(*net.TCPConn) uint64 { return 0 }

// isClosed knows nothing either: what looks like an end is taken for one.
func isClosed(*net.TCPConn) bool { return false }
