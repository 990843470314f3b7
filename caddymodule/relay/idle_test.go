// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"io"
	"runtime"
	"testing"
	"time"
)

func idleAfter(d time.Duration) func(*Pair) { return func(p *Pair) { p.IdleTimeout = d } }

func TestIdleTimeout(t *testing.T) {
	const timeout = 100 * time.Millisecond
	began := time.Now()
	j := join(t, idleAfter(timeout))
	expectReset(t, j.client)
	expectReset(t, j.endpoint)
	j.expect(t, Idle)
	if took := time.Since(began); took < timeout {
		t.Errorf("ended after %s", took)
	}
}

// A stuck reader is idle, whatever there would be to send.
func TestStuckReaderIsIdle(t *testing.T) {
	j := join(t, idleAfter(200*time.Millisecond))
	done := make(chan error, 1)
	go func() {
		_, err := j.client.Write(make([]byte, 64<<20))
		done <- err
	}()
	j.expect(t, Idle)
	if err := <-done; err == nil {
		t.Error("64 MiB fit into the buffers")
	}
}

// watched is a pair with a watch whose looks are up to the test.
func watched(t *testing.T) (*joined, *watch) {
	t.Helper()
	clientFar, clientNear := connect(t)
	endpointFar, endpointNear := connect(t)
	r := newRelay(&Pair{Client: Side{TCP: clientNear}, Endpoint: Side{TCP: endpointNear}})
	w := newWatch(r, time.Hour)
	j := &joined{client: clientFar, endpoint: endpointFar, result: make(chan Result, 1)}
	go func() { j.result <- r.run(nil) }()
	t.Cleanup(func() {
		w.stop()
		r.cut(Cut, io.EOF)
		w.look() // does nothing any more
	})
	return j, w
}

func TestTrafficIsNotIdle(t *testing.T) {
	j, w := watched(t)
	for range 3 {
		send(t, j.endpoint, "one direction is enough")
		expect(t, j.client, "one direction is enough")
		w.look()
	}
	send(t, j.client, "open")
	expect(t, j.endpoint, "open")
	w.look()
	w.look()
	expectReset(t, j.client)
	j.expect(t, Idle)
}

// The kernel may take its time to move a lot at once to somebody who reads slowly: what
// arrives counts, not the calls that return.
func TestSlowReaderIsNotIdle(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("the kernel does not say what has arrived")
		return
	}
	j, w := watched(t)
	done := make(chan error, 1)
	go func() {
		_, err := j.endpoint.Write(make([]byte, 256<<20))
		done <- err
	}()
	buf := make([]byte, 64<<10)
	for read := 0; ; read += len(buf) {
		if _, err := io.ReadFull(j.client, buf); err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
		if now := w.progress(); now.down == w.seen.down && now.client != w.seen.client {
			break // it was the kernel only
		}
		w.mu.Lock()
		w.seen = w.progress()
		w.mu.Unlock()
	}
	w.look()
	expect(t, j.client, string(buf))
	reset(j.client)
	j.expect(t, Reset)
	<-done
}
