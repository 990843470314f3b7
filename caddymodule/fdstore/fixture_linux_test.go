// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fdstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"
)

// store is a Store that serves.
type store struct {
	t    testing.TB
	path string
	end  context.CancelFunc
	done sync.WaitGroup
}

// startStore serves a Store at path until the test ends, or it is killed.
func startStore(t testing.TB, path string, hold time.Duration) *store {
	t.Helper()
	s, err := Listen(StoreOptions{Path: path, Hold: hold, Logger: zaptest.NewLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	// Others are cleaned up before it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	running := &store{t: t, path: path, end: cancel}
	running.done.Go(func() {
		if err := s.Serve(ctx); err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	t.Cleanup(running.kill)
	return running
}

// kill closes all that the store has, as the end of its process does.
func (s *store) kill() {
	s.end()
	s.done.Wait()
}

// proxy is what a process of the proxy has to do with a store.
type proxy struct {
	t         testing.TB
	client    *Client
	listeners map[string]*Listener
}

func startProxy(t testing.TB, path string) *proxy {
	t.Helper()
	p := &proxy{t: t, client: Open(path, zaptest.NewLogger(t)), listeners: map[string]*Listener{}}
	t.Cleanup(p.kill)
	return p
}

// serve listens on the addresses and no others, and waits until the store knows.
func (p *proxy) serve(addresses ...string) {
	p.t.Helper()
	next := map[string]*Listener{}
	for _, address := range addresses {
		if next[address] = p.listeners[address]; next[address] != nil {
			continue
		}
		l, err := p.client.Listen(p.t.Context(), address)
		if err != nil {
			p.t.Fatal(err)
		}
		next[address] = l
	}
	var all []*Listener
	for _, l := range next {
		all = append(all, l)
	}
	before := p.listeners
	p.listeners = next
	p.client.Hold(all)
	for address, l := range before {
		if next[address] == nil {
			l.Withdraw()
			l.Close()
		}
	}
	eventually(p.t, "the store has the sockets", func() bool { return p.client.confirmed() })
}

// answer accepts a connection and returns what it says.
func (p *proxy) answer(address string) string {
	p.t.Helper()
	l := p.listeners[address]
	if err := l.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		p.t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	said, err := io.ReadAll(c)
	if err != nil {
		p.t.Error(err)
	}
	return string(said)
}

// kill closes the descriptors, and tells the store nothing.
func (p *proxy) kill() {
	if p.client == nil {
		return
	}
	p.client.Close()
	p.client = nil
	for _, l := range p.listeners {
		l.Close()
	}
}

// say connects and sends text; it waits for no answer.
func say(t testing.TB, address, text string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, text); err != nil {
		t.Error(err)
	}
}

func refused(address string) bool {
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// descriptors of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func socketPath(t testing.TB) string { return filepath.Join(t.TempDir(), "socket") }

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
