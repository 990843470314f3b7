// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// endpoint takes datagrams, several at once, and calls handle.
func endpoint(t testing.TB, handle func(*conn, *batch)) *conn {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp := pc.(*net.UDPConn)
	udp.SetReadBuffer(socketBuffer)
	c, err := newConn(udp)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { c.receive(func(b *batch) { handle(c, b) }) })
	t.Cleanup(func() {
		c.close()
		wg.Wait()
	})
	return c
}

// proxied returns the address of a gateway that forwards to a reflector.
func proxied(t testing.TB) string {
	t.Helper()
	g := newGateway(t)
	g.mustApply(single(t, newReflector(t)))
	return g.address()
}

// exchanger returns a function that sends a datagram and waits for the answer.
func exchanger(t testing.TB, address string) func() {
	t.Helper()
	c := newClient(t, address)
	request, response := make([]byte, 64), make([]byte, 100)
	c.SetReadDeadline(time.Now().Add(time.Hour))
	return func() {
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(response); err != nil {
			t.Fatal(err)
		}
	}
}

// newReflector is an endpoint that allocates nothing.
func newReflector(t testing.TB) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := pc.(*net.UDPConn)
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			c.WriteToUDPAddrPort(buf[:n], from)
		}
	})
	t.Cleanup(func() {
		c.Close()
		wg.Wait()
	})
	return c.LocalAddr().String()
}

// BenchmarkRoundTrip is a datagram there and back, one at a time, by way of the gateway
// and without it.
func BenchmarkRoundTrip(b *testing.B) {
	for name, address := range map[string]string{"proxied": proxied(b), "direct": newReflector(b)} {
		b.Run(name, func(b *testing.B) {
			exchange := exchanger(b, address)
			exchange()
			b.ReportAllocs()
			for b.Loop() {
				exchange()
			}
		})
	}
}

// BenchmarkForward is what several clients send, as fast as it is forwarded: an
// operation is a datagram.
func BenchmarkForward(b *testing.B) {
	const clients, burst, window = 8, batchSize, 512
	var arrived atomic.Int64
	e := endpoint(b, func(_ *conn, got *batch) { arrived.Add(int64(got.n)) })
	g := newGateway(b)
	g.mustApply(single(b, e.udp.LocalAddr().String()))
	senders := make([]*conn, clients)
	out := newBatch()
	for i := range out.vecs {
		out.vecs[i].SetLen(64)
	}
	var sent int64
	wait := func(most int64) {
		for began := time.Now(); sent-arrived.Load() > most; runtime.Gosched() {
			if time.Since(began) > patience {
				b.Fatalf("%d of %d arrived", arrived.Load(), sent)
			}
		}
	}
	for i := range senders {
		c, err := dial(b.Context(), g.address())
		if err != nil {
			b.Fatal(err)
		}
		defer c.close()
		senders[i] = c
		if err := c.sendOne([]byte("hello")); err != nil {
			b.Fatal(err)
		}
		sent++
	}
	wait(0)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += burst {
		n, err := senders[i/burst%clients].send(out, 0, burst, nil)
		if err != nil {
			b.Fatal(err)
		}
		sent += int64(n)
		wait(window)
	}
	wait(0)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "datagrams/s")
}

// BenchmarkIdleSession reports what a session costs that has nothing to do.
func BenchmarkIdleSession(b *testing.B) {
	const sessions = 2000
	e := newReflector(b)
	for b.Loop() {
		g := newGateway(b)
		g.mustApply(single(b, e))
		clients := make([]*client, sessions)
		for i := range clients {
			clients[i] = newClient(b, g.address())
		}
		before := inUse()
		for _, c := range clients {
			c.Write([]byte("hello"))
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := c.Read(make([]byte, 10)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(inUse()-before)/sessions, "B/session")
		g.set.Close()
		for _, c := range clients {
			c.Close()
		}
	}
}

// inUse is the memory of the heap and of stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold survives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
