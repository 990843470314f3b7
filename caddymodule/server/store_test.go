// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/fdstore"
	"github.com/kubera-dev/kubera/test/loopback"
)

// eachSet tests what must be so with a descriptor store and without.
func eachSet(t *testing.T, test func(*testing.T, *Set)) {
	t.Run("alone", func(t *testing.T) { test(t, newSet(t, nil)) })
	t.Run("with a descriptor store", func(t *testing.T) {
		test(t, newSetWithStore(t, nil, openStore(t, startStore(t))))
	})
}

// startStore serves a descriptor store until the test ends, and returns its path.
func startStore(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	store, err := fdstore.Listen(fdstore.StoreOptions{Path: path, Logger: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	// Others are cleaned up before it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := store.Serve(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); serving.Wait() })
	return path
}

func openStore(t testing.TB, path string) *fdstore.Client {
	t.Helper()
	c := fdstore.Open(path, zaptest.NewLogger(t))
	t.Cleanup(c.Close)
	return c
}

func closed(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err != nil
}

// The store has the sockets until it is told that they close: nobody may be accepted
// by it then, and wait in vain.
func TestSetClosesWhatAStoreHolds(t *testing.T) {
	addresses := loopback.FreeAddresses(t, 2)
	s := newSetWithStore(t, nil, openStore(t, startStore(t)))
	apply(t, s, plain(addresses...))
	client := newClient(t, nil, nil)
	mustGet(t, client, "http://"+addresses[0])
	began := time.Now()
	apply(t, s, plain(addresses[0]))
	eventually(t, "the socket of a listener that is gone is closed", func() bool { return closed(addresses[1]) })
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	mustGet(t, client, "http://"+addresses[0])
	s.Shutdown(t.Context())
	if !closed(addresses[0]) {
		t.Error("a socket is open")
	}
}

// A store that says nothing may have any socket that it was given.
func TestSetClosesWhatAStoreDoesNotGiveUp(t *testing.T) {
	path, address := filepath.Join(t.TempDir(), "socket"), loopback.FreeAddress(t)
	ln, err := net.ListenUnix("unixpacket", &net.UnixAddr{Net: "unixpacket", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan struct{}, 1)
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := ln.AcceptUnix()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		// Descriptors that come are not closed: the process has the sockets until it ends.
		packet, rights := make([]byte, 400), make([]byte, 64)
		if _, err := c.Read(packet); err != nil {
			t.Error(err)
		}
		if _, err := c.Write([]byte("done 0")); err != nil {
			t.Error(err)
		}
		for {
			_, oob, _, _, err := c.ReadMsgUnix(packet, rights)
			if err != nil {
				return
			}
			if oob > 0 {
				got <- struct{}{}
			}
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	s := newSetWithStore(t, nil, openStore(t, path))
	apply(t, s, plain(address))
	<-got
	s.Shutdown(t.Context())
	if !closed(address) {
		t.Error("clients wait for nobody")
	}
}

// Who comes after a process that was killed gets its sockets. The one here lives on, so
// that they can't be bound anew.
func TestSetLeavesItsSocketsToAStore(t *testing.T) {
	addresses := loopback.FreeAddresses(t, 2)
	path := startStore(t)
	client := fdstore.Open(path, zaptest.NewLogger(t))
	s := newSetWithStore(t, nil, client)
	apply(t, s, plain(addresses[0]))
	apply(t, s, plain(addresses...))
	client.Close() // that it has told the store

	later := openStore(t, path)
	for _, address := range addresses {
		l, err := later.Listen(t.Context(), address)
		if err != nil {
			t.Fatalf("the store does not have it: %v", err)
		}
		if err := l.Abandon(); err != nil {
			t.Error(err)
		}
	}
}

// What an earlier process has bound needs no address that is free.
func TestSetListensOnTheSocketsOfAnEarlierProcess(t *testing.T) {
	path, address := startStore(t), loopback.FreeAddress(t)
	earlier := fdstore.Open(path, zaptest.NewLogger(t))
	l, err := earlier.Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	earlier.Hold([]*fdstore.Listener{l})
	earlier.Close() // that it has told the store
	waiting, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	s := newSetWithStore(t, nil, openStore(t, path))
	taken, err := net.Listen("tcp", loopback.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := s.Prepare(plain(address, taken.Addr().String())); err == nil {
		t.Fatal("an address can't be had twice")
	}
	apply(t, s, plain(address))
	if got, err := requestOver(waiting); err != nil || len(got) == 0 {
		t.Errorf("who has waited got %q, %v", got, err)
	}
}
