// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/test/loopback"
)

// fakeStore lets speak answer each connection, until the test ends.
func fakeStore(t testing.TB, speak func(conn)) (path string) {
	t.Helper()
	path = socketPath(t)
	ln, err := net.ListenUnix(network, &net.UnixAddr{Net: network, Name: path})
	if err != nil {
		t.Fatal(err)
	}
	var background sync.WaitGroup
	background.Go(func() {
		for {
			c, err := ln.AcceptUnix()
			if err != nil {
				return
			}
			speak(conn{c})
			c.Close()
		}
	})
	t.Cleanup(func() { ln.Close(); background.Wait() })
	return path
}

func TestWithoutAStore(t *testing.T) {
	address := loopback.FreeAddress(t)
	var absent *Client
	for name, c := range map[string]*Client{
		"none asked for": absent,
		"none there":     Open(socketPath(t), zaptest.NewLogger(t)),
	} {
		l, err := c.Listen(t.Context(), address)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.Hold([]*Listener{l})
		if refused(address) {
			t.Errorf("%s: refused", name)
		}
		c.Hold(nil)
		began := time.Now()
		l.Withdraw()
		l.Close()
		c.Close()
		if took := time.Since(began); took > patience/2 {
			t.Errorf("%s: closing took %v", name, took)
		}
		if !refused(address) {
			t.Errorf("%s: not refused", name)
		}
	}
}

// Neither the start nor the end of a proxy depends on a store that does not answer, and
// what is closed refuses, though the store has it.
func TestAStoreThatDoesNotAnswer(t *testing.T) {
	release := make(chan struct{})
	path := fakeStore(t, func(conn) { <-release })
	defer close(release)
	began := time.Now()
	c := Open(path, zaptest.NewLogger(t))
	defer c.Close()
	if took := time.Since(began); took > 3*patience {
		t.Errorf("starting took %v", took)
	}
}

func TestAStoreThatDoesNotConfirm(t *testing.T) {
	address := loopback.FreeAddress(t)
	kept := make(chan int, 1)
	path := fakeStore(t, func(c conn) {
		_, _, _ = c.receive()
		_ = c.send(message{verb: done}, none)
		for {
			m, fd, err := c.receive()
			if err != nil {
				return
			}
			if m.verb == socket {
				kept <- fd
			}
		}
	})
	c := Open(path, zaptest.NewLogger(t))
	defer c.Close()
	l, err := c.Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	c.Hold([]*Listener{l})
	fd := <-kept
	defer closeDescriptor(fd)
	c.Hold(nil)
	l.Withdraw()
	l.Close()
	if !refused(address) {
		t.Error("clients wait for nobody")
	}
	again, err := c.Listen(t.Context(), address)
	if err != nil {
		t.Fatalf("the address is not free: %v", err)
	}
	defer again.Close()
	say(t, address, "served")
}

// Whatever comes, the Client goes without it.
func TestAStoreThatTalksNonsense(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	for name, speak := range map[string]func(conn){
		"a file":           func(c conn) { _ = c.send(message{verb: socket, name: "a:1"}, fd) },
		"no descriptor":    func(c conn) { _ = c.send(message{verb: socket, name: "a:1"}, none) },
		"a descriptor":     func(c conn) { _ = c.send(message{verb: done}, fd) },
		"take":             func(c conn) { _ = c.send(message{verb: take}, none) },
		"a future version": func(c conn) { _ = c.send(message{verb: done}, none); _ = c.send(message{verb: done, version: 9}, none) },
		"an unknown verb":  func(c conn) { _, _ = c.Write([]byte("give")) },
		"a long packet":    func(c conn) { _, _ = c.Write(make([]byte, 2*maxMessage)) },
		"two descriptors": func(c conn) {
			rights := encodeRights(fd)
			_, _, _ = c.WriteMsgUnix([]byte("socket a:1"), append(rights, rights...), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := descriptors(t)
			path := fakeStore(t, func(c conn) {
				_, _, _ = c.receive()
				speak(c)
			})
			c := Open(path, zaptest.NewLogger(t))
			address := loopback.FreeAddress(t)
			l, err := c.Listen(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			say(t, address, "served")
			l.Close()
			c.Close()
			if after := descriptors(t); after > before+1 { // that of the fake
				t.Errorf("%d descriptors, %d before", after, before)
			}
		})
	}
}

// A configuration that is refused as a whole leaves the sockets for the next.
func TestAbandonedSocketsAreThereForTheNextConfiguration(t *testing.T) {
	path, addresses := socketPath(t), loopback.FreeAddresses(t, 2)
	startStore(t, path, long)
	p := startProxy(t, path)
	p.serve(addresses[0])
	p.kill()
	say(t, addresses[0], "waits")

	next := startProxy(t, path)
	for _, address := range addresses {
		l, err := next.client.Listen(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Abandon(); err != nil {
			t.Error(err)
		}
	}
	if !refused(addresses[1]) {
		t.Error("a socket that was bound in vain is open")
	}
	next.serve(addresses[0])
	if got := next.answer(addresses[0]); got != "waits" {
		t.Errorf("heard %q", got)
	}
}
