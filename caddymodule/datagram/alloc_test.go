// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package datagram

import "testing"

// The race detector allocates, and pools are emptied at random under it.
func TestForwardingAllocatesNothing(t *testing.T) {
	exchange := exchanger(t, proxied(t))
	exchange()
	if n := testing.AllocsPerRun(2000, exchange); n != 0 {
		t.Errorf("%v allocations for a datagram and its answer", n)
	}
}
