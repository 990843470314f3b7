// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"runtime"
	"testing"
)

// maxIdlePair is what the package comment promises, in bytes.
const maxIdlePair = 12 << 10

// TestIdlePairsAreSmall measures what pairs cost that have carried messages, and more
// than a buffer takes, and are quiet now.
func TestIdlePairsAreSmall(t *testing.T) {
	n := 1000
	if underRace { // whose memory is another: what is tested is that all goes well
		n = 50
	}
	per := idlePair(t, n)
	t.Logf("%d bytes", per)
	if per > maxIdlePair && !underRace {
		t.Errorf("an idle pair costs %d bytes, of which the stacks of its goroutines are a part; at most %d are promised", per, maxIdlePair)
	}
}

// idlePair returns the bytes for each of n pairs, without their sockets.
func idlePair(t testing.TB, n int) int64 {
	pairs := make([]*Pair, n)
	far := make([][2]duplex, n)
	for i := range pairs {
		clientFar, clientNear := connect(t)
		endpointFar, endpointNear := connect(t)
		pairs[i] = &Pair{Client: Side{TCP: clientNear}, Endpoint: Side{TCP: endpointNear}}
		far[i] = [2]duplex{clientFar, endpointFar}
	}
	before := inUse()
	results := make(chan Result, n)
	for _, p := range pairs {
		go func() { results <- Run(t.Context(), p) }()
	}
	big := string(make([]byte, 2*bufferSize))
	for i, f := range far {
		for range 2 {
			send(t, f[0], "message")
			expect(t, f[1], "message")
			send(t, f[1], "message")
			expect(t, f[0], "message")
		}
		if i%10 == 0 {
			send(t, f[0], big)
			expect(t, f[1], big)
		}
	}
	after := inUse()
	for range 5 { // those that are still on their way back to waiting
		after = min(after, inUse())
	}
	for _, f := range far {
		f[0].CloseWrite()
		f[1].CloseWrite()
	}
	for range n {
		<-results
	}
	return (after - before) / int64(n)
}

// inUse is the memory of objects and stacks. The second collection empties the pools.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
