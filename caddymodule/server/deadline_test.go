// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// connPair is an accepted connection, as the servers get it, and its other end.
func connPair(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	group := newGroup()
	c := newConn(accepted.(*net.TCPConn), newLimiter(), &group)
	t.Cleanup(func() {
		c.Close()
		peer.Close()
	})
	return c, peer
}

// reads are the ways to read from a connection.
var reads = map[string]func(*conn) error{
	"Read": func(c *conn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	},
	"WriteTo": func(c *conn) error {
		_, err := c.WriteTo(io.Discard)
		return err
	},
	"SyscallConn": func(c *conn) error {
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		return raw.Read(func(uintptr) bool { return false })
	},
}

func TestDeadlineSetBeforeARead(t *testing.T) {
	for name, read := range reads {
		for what, set := range map[string]func(*conn, time.Time) error{"SetReadDeadline": (*conn).SetReadDeadline, "SetDeadline": (*conn).SetDeadline} {
			for _, ahead := range []time.Duration{-time.Hour, 20 * time.Millisecond} {
				c, _ := connPair(t)
				if err := set(c, time.Now().Add(ahead)); err != nil {
					t.Fatal(err)
				}
				if err := read(c); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s, %s %v ahead: %v", name, what, ahead, err)
				}
			}
		}
	}
}

func TestDeadlineSetDuringARead(t *testing.T) {
	for name, read := range reads {
		c, _ := connPair(t)
		done := make(chan error, 1)
		go func() { done <- read(c) }()
		for reading := false; !reading; {
			c.deadline.mu.Lock()
			reading = c.deadline.reads > 0
			c.deadline.mu.Unlock()
		}
		if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDeadlineCleared: one that has passed, or was never read under, does not
// hold for later reads.
func TestDeadlineCleared(t *testing.T) {
	c, peer := connPair(t)
	for _, passed := range []bool{false, true} {
		if err := c.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if passed {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(peer, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Errorf("passed %v: %v", passed, err)
		}
	}
}

func TestDeadlineForWritingHoldsAtOnce(t *testing.T) {
	c, _ := connPair(t)
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "x"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
