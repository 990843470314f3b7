// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
	"golang.org/x/sys/unix"

	"github.com/kubera-dev/kubera/test/loopback"
)

const long = time.Hour // never passes in a test

func TestConnectionsWaitForTheNextProcess(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	startStore(t, path, long)
	for range 3 { // a process that has inherited a socket leaves it to the next
		p := startProxy(t, path)
		p.serve(address)
		say(t, address, "alive")
		if got := p.answer(address); got != "alive" {
			t.Errorf("heard %q", got)
		}
		p.kill()
		say(t, address, "first")
		say(t, address, "second")

		next := startProxy(t, path)
		say(t, address, "third")
		next.serve(address)
		for _, want := range []string{"first", "second", "third"} {
			if got := next.answer(address); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		}
		next.kill()
	}
}

func TestNobodyWaitsForAProcessThatDoesNotCome(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	startStore(t, path, 200*time.Millisecond)
	p := startProxy(t, path)
	p.serve(address)
	began := time.Now()
	p.kill()
	if refused(address) && time.Since(began) < 200*time.Millisecond {
		t.Error("refused at once")
	}
	eventually(t, "connections are refused", func() bool { return refused(address) })
	// The store is of use to the next.
	next := startProxy(t, path)
	next.serve(address)
	next.kill()
	say(t, address, "waits")
}

// A proxy that has no configuration for too long can still listen, though the store would
// go on to hold the sockets.
func TestASocketThatNobodyHasClaimedInTimeIsFree(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	startStore(t, path, long)
	p := startProxy(t, path)
	p.serve(address)
	p.kill()
	next := startProxy(t, path)
	next.client.expire()
	eventually(t, "connections are refused", func() bool { return refused(address) })
	next.serve(address)
	say(t, address, "served")
	if got := next.answer(address); got != "served" {
		t.Errorf("heard %q", got)
	}
}

// A process that crashes before it serves does not get the clients to wait longer.
func TestTheBoundIsThatOfAllProcessesThatDoNotServe(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	startStore(t, path, 500*time.Millisecond)
	p := startProxy(t, path)
	p.serve(address)
	p.kill()
	deadline := time.Now().Add(10 * time.Second)
	for !refused(address) {
		if time.Now().After(deadline) {
			t.Fatal("each start of a process puts it off")
		}
		for range 50 { // where others connect only now and then, lest a full queue makes the test wait
			startProxy(t, path).kill()
		}
	}
}

// A proxy that is killed while it hands over a socket was listening on it.
func TestAHandoverThatIsCutShort(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	startStore(t, path, long)
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	c, err := dial(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.send(message{verb: socket, name: address}, int(file.Fd())); err != nil {
		t.Error(err)
	}
	c.Close()
	file.Close()
	ln.Close()
	say(t, address, "waits")
	next := startProxy(t, path)
	next.serve(address)
	if got := next.answer(address); got != "waits" {
		t.Errorf("heard %q", got)
	}
}

func TestSocketsThatNobodyWantsAreClosed(t *testing.T) {
	path, addresses := socketPath(t), loopback.FreeAddresses(t, 3)
	startStore(t, path, long)
	p := startProxy(t, path)
	p.serve(addresses...)
	p.kill()
	next := startProxy(t, path)
	say(t, addresses[1], "not yet")
	next.serve(addresses[0])
	for i, want := range []bool{false, true, true} {
		if got := refused(addresses[i]); got != want {
			t.Errorf("socket %d: refused %t", i, got)
		}
	}
}

func TestClosingASocketRefuses(t *testing.T) {
	path, addresses := socketPath(t), loopback.FreeAddresses(t, 2)
	startStore(t, path, long)
	p := startProxy(t, path)
	p.serve(addresses...)
	for range 3 {
		p.serve(addresses[0])
		if !refused(addresses[1]) {
			t.Fatal("a socket that was closed is open")
		}
		p.serve(addresses...)
		say(t, addresses[1], "again")
		if got := p.answer(addresses[1]); got != "again" {
			t.Errorf("heard %q", got)
		}
	}
	p.serve()
	p.kill()
	for _, address := range addresses {
		if !refused(address) {
			t.Error("a proxy that has ended left a socket open")
		}
	}
}

func TestAStoreThatWasKilledGetsEverythingAgain(t *testing.T) {
	path, address := socketPath(t), loopback.FreeAddress(t)
	p := startProxy(t, path) // before there is any
	l, err := p.client.Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	p.listeners[address] = l
	p.client.Hold([]*Listener{l})
	for range 3 {
		s := startStore(t, path, long)
		eventually(t, "the store has the socket", func() bool { return connected(p.client) })
		s.kill()
		say(t, address, "without a store")
		if got := p.answer(address); got != "without a store" {
			t.Errorf("heard %q", got)
		}
		eventually(t, "the loss is noticed", func() bool { return !connected(p.client) })
	}
	s := startStore(t, path, long)
	eventually(t, "the store has the socket", func() bool { return connected(p.client) })
	p.serve(address)
	p.client.Hold(nil) // a version that is confirmed comes after the one before
	p.client.Hold([]*Listener{l})
	eventually(t, "it was handed over", func() bool { return p.client.confirmed() })
	p.kill()
	say(t, address, "waits")
	s.kill()
	if !refused(address) {
		t.Error("who has the socket?")
	}
}

func connected(c *Client) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected
}

func TestNothingLeaks(t *testing.T) {
	path, addresses := socketPath(t), loopback.FreeAddresses(t, 3)
	startProxy(t, path).kill() // what the runtime opens once
	before := descriptors(t)
	for range 5 {
		s := startStore(t, path, long)
		for range 3 {
			p := startProxy(t, path)
			p.serve(addresses...)
			p.serve(addresses[1:]...)
			p.kill()
		}
		s.kill()
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func TestOnlyItsUserReachesAStore(t *testing.T) {
	path := socketPath(t)
	startStore(t, path, long).kill()
	startStore(t, path, long) // what the first has left is not in the way
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode(), os.ModeSocket|0o600; got != want {
		t.Errorf("mode %v, want %v", got, want)
	}
	if _, err := Listen(StoreOptions{Path: t.TempDir() + "/no/socket"}); err == nil {
		t.Error("a socket in a directory that is not there")
	}
}

func TestWhatAStoreDoesNotHold(t *testing.T) {
	s := &Store{opts: StoreOptions{Logger: zaptest.NewLogger(t)}}
	listening := func() int {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		file, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fd, err := unix.Dup(int(file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		return fd
	}
	before := descriptors(t)
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	local, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(unix.Bind(local, &unix.SockaddrUnix{Name: socketPath(t)}), unix.Listen(local, 1)); err != nil {
		t.Fatal(err)
	}
	held := map[string]int{}
	for name, fd := range map[string]int{"a file": null, "a unix socket": local} {
		if s.put(held, "x:1", fd); len(held) != 0 {
			t.Errorf("it holds %s", name)
		}
	}
	for i := range maxSockets {
		held[fmt.Sprintf("host:%d", i)] = none
	}
	s.put(held, "one:1", listening())
	if len(held) != maxSockets {
		t.Error("it holds more than it may")
	}
	s.put(held, "host:1", listening())
	if held["host:1"] == none {
		t.Error("it does not replace what it has")
	}
	closeDescriptor(held["host:1"])
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}
