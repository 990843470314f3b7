// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kubera-dev/kubera/test/loopback"
)

// Whoever was accepted is answered. A connection that the kernel takes between
// the last accept and the close of the socket is reset, which says the same as
// being refused a moment later, and can't be prevented from user space.
func TestShutdownAnswersEverythingAccepted(t *testing.T) {
	eachSet(t, testShutdownAnswersEverythingAccepted)
}

func testShutdownAnswersEverythingAccepted(t *testing.T, s *Set) {
	address := loopback.FreeAddress(t)
	apply(t, s, plain(address))
	var answered atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				answer, err := requestOnce(address)
				switch {
				case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
					return
				case err != nil || len(answer) == 0:
					t.Errorf("an accepted connection got %q, %v", answer, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	eventually(t, "requests are answered", func() bool { return answered.Load() > 100 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s.Shutdown(ctx)
	wg.Wait()
}

// requestOnce sends a request over a connection of its own.
func requestOnce(address string) ([]byte, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return requestOver(c)
}

// requestOver sends a request over a connection that serves no other.
func requestOver(c net.Conn) ([]byte, error) {
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}

func TestShutdownWaitsForRequestsAndThenCuts(t *testing.T) {
	for _, tc := range []struct {
		name     string
		timeout  time.Duration
		answered bool
	}{
		{"in time", 10 * time.Second, true},
		{"too late", 100 * time.Millisecond, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address := loopback.FreeAddress(t)
			began, release := make(chan struct{}), make(chan struct{})
			s := newSet(t, func(w http.ResponseWriter, r *http.Request) {
				close(began)
				select {
				case <-release:
				case <-r.Context().Done():
				}
				fmt.Fprint(w, "done")
			})
			apply(t, s, plain(address))
			var err error
			var wg sync.WaitGroup
			client := newClient(t, nil, nil)
			wg.Go(func() { _, err = get(client, "http://"+address) })
			<-began
			ctx, cancel := context.WithTimeout(t.Context(), tc.timeout)
			defer cancel()
			var down sync.WaitGroup
			down.Go(func() { s.Shutdown(ctx) })
			if tc.answered {
				close(release)
			}
			down.Wait()
			wg.Wait()
			if (err == nil) != tc.answered {
				t.Errorf("the request ended with %v", err)
			}
		})
	}
}

// TestShutdownClosesSocketsInParallel has requests on all of them that do not end,
// and connections that never say anything: no socket may wait for those of another.
func TestShutdownClosesSocketsInParallel(t *testing.T) {
	addresses := loopback.FreeAddresses(t, 4)
	began, release := make(chan struct{}), make(chan struct{})
	s := newSet(t, func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-release
	})
	defer close(release)
	apply(t, s, plain(addresses...))
	for _, address := range addresses {
		for _, text := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprint(c, text)
		}
		<-began
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	down := make(chan struct{})
	go func() {
		defer close(down)
		s.Shutdown(ctx)
	}()
	for _, address := range addresses {
		eventually(t, address+" accepts no more", func() bool {
			c, err := net.Dial("tcp", address)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	}
	select {
	case <-down:
		t.Error("it did not wait for the requests")
	default:
	}
	cancel()
	<-down
}

func TestCloseCutsHijackedConnections(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(c, "hijacked")
		_, _ = io.Copy(io.Discard, c)
		c.Close()
	})
	apply(t, s, plain(address))
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, len("hijacked"))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
}

func TestAbortLeavesNothingOpen(t *testing.T) {
	address := loopback.FreeAddress(t)
	s := newSet(t, nil)
	change, err := s.Prepare(plain(address))
	if err != nil {
		t.Fatal(err)
	}
	if s.Addr(address) != nil {
		t.Error("the address is in use before the commit")
	}
	change.Abort()
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("the socket is open")
	}
}

func TestHostPort(t *testing.T) {
	for _, tc := range []struct{ address, bindHost, want string }{
		{":80", "", ":80"},
		{":80", "127.0.0.1", "127.0.0.1:80"},
		{":80", "::1", "[::1]:80"},
		{"10.0.0.1:80", "127.0.0.1", "10.0.0.1:80"},
		{"80", "", ""},
		{":http", "", ""},
		{":65536", "", ""},
	} {
		got, err := hostPort(tc.address, tc.bindHost)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("hostPort(%q, %q) = %q, %v; want %q", tc.address, tc.bindHost, got, err, tc.want)
		}
	}
}

func TestDualStack(t *testing.T) {
	_, port, err := net.SplitHostPort(loopback.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	s := newSet(t, nil)
	// The one test that binds all addresses: that is what it is about.
	apply(t, s, plain(":"+port))
	mustGet(t, newClient(t, nil, nil), "http://127.0.0.1:"+port)
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	probe.Close()
	mustGet(t, newClient(t, nil, nil), "http://[::1]:"+port)
}
