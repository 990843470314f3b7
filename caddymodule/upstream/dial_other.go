// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package upstream

import "syscall"

// boundUnacknowledged does nothing: the option is Linux's.
func boundUnacknowledged(_, _ string, _ syscall.RawConn) error { return nil }
