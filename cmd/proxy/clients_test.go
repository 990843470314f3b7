// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
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
)

const (
	newConnections  = 6 // goroutines with a connection for each request
	keptConnections = 2 // with one for as long as it lasts
)

// clients send requests over and over.
type clients struct {
	address string
	done    chan struct{}
	once    sync.Once
	running sync.WaitGroup
	count   atomic.Int64
	// losses is how often the proxy was killed: what had begun before may be lost.
	losses atomic.Int64

	mu sync.Mutex
	// lost were under way when the proxy was killed.
	lost int
	// unexpected are all other errors.
	unexpected []error
}

func startClients(address string) *clients {
	c := &clients{address: address, done: make(chan struct{})}
	for range newConnections {
		c.running.Go(func() {
			for !c.stopped() {
				c.single()
			}
		})
	}
	for range keptConnections {
		c.running.Go(func() {
			for !c.stopped() {
				c.keep()
			}
		})
	}
	return c
}

func (c *clients) stop() {
	c.once.Do(func() { close(c.done) })
	c.running.Wait()
}

func (c *clients) stopped() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// lose says that the process has died. A request that begins later has no excuse.
func (c *clients) lose() { c.losses.Add(1) }

// answered waits for n more answers.
func (c *clients) answered(t testing.TB, n int64) {
	t.Helper()
	want := c.count.Load() + n
	eventually(t, "requests are answered", func() bool { return c.count.Load() >= want })
}

// check fails the test for what was lost but by one of the kills.
func (c *clients) check(t testing.TB, kills int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d answers, %d requests lost with the process", c.count.Load(), c.lost)
	for _, err := range c.unexpected {
		t.Error(err)
	}
	if most := kills * (newConnections + keptConnections); c.lost > most {
		t.Errorf("%d requests were lost, no more than %d can have been under way", c.lost, most)
	}
}

// single sends a request over a connection of its own.
func (c *clients) single() {
	before := c.losses.Load()
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		c.report(fmt.Errorf("a new connection: %w", err))
		return
	}
	defer conn.Close()
	if err := ask(conn, bufio.NewReader(conn)); err != nil {
		c.failed(before, err)
		return
	}
	c.count.Add(1)
}

// keep sends requests over one connection, until that ends.
func (c *clients) keep() {
	before := c.losses.Load()
	conn, err := net.Dial("tcp", c.address)
	if err != nil {
		c.report(fmt.Errorf("a new connection: %w", err))
		return
	}
	defer conn.Close()
	for r := bufio.NewReader(conn); !c.stopped(); {
		if err := ask(conn, r); err != nil {
			c.failed(before, err)
			return
		}
		c.count.Add(1)
	}
}

// failed sorts an error of a request on a connection that was made after so many kills.
// One that is lost with the process may be noticed before that is known to have died.
func (c *clients) failed(before int64, err error) {
	for range 1000 {
		if c.losses.Load() > before {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.lost++
			return
		}
		time.Sleep(time.Millisecond)
	}
	c.report(fmt.Errorf("a request of a process that lives: %w", err))
}

func (c *clients) report(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unexpected) < 10 {
		c.unexpected = append(c.unexpected, err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		time.Sleep(time.Millisecond) // not to fill a processor with it
	}
}

// ask sends a request and reads the answer.
func ask(c net.Conn, r *bufio.Reader) error {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", res.Status)
	}
	return nil
}
