// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loopback gives tests addresses to listen on.
package loopback

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
)

// FreeAddress returns a host:port on which nobody listens, for programs and
// configurations that have to be told one. The host is a loopback address that
// other test processes, which run at the same time, do not use: between the
// search for a free port and its use, none of them can take it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return FreeAddresses(t, 1)[0]
}

// given are the addresses that were returned before: the system may find one free
// again while its first user has not come to use it.
var given sync.Map

// FreeAddresses returns n addresses that differ from each other and from all that were
// returned before.
func FreeAddresses(t testing.TB, n int) []string {
	t.Helper()
	addresses := make([]string, 0, n)
	for len(addresses) < n {
		ln, err := net.Listen("tcp", net.JoinHostPort(Host(), "0"))
		if err != nil { // not every system has all of 127.0.0.0/8
			ln, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			t.Fatalf("looking for a free address: %v", err)
		}
		// Held until all are found, so that none is found twice.
		defer func() { _ = ln.Close() }()
		if _, again := given.LoadOrStore(ln.Addr().String(), true); !again {
			addresses = append(addresses, ln.Addr().String())
		}
	}
	return addresses
}

// Host is the loopback address of this process: 127.64.0.0/10 and the low bits of
// its ID.
func Host() string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid>>16&0x3f, pid>>8&0xff, max(1, pid&0xff))
}
