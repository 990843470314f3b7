// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"io"
	"testing"
)

// BenchmarkThroughput moves bytes from the endpoint to the client.
func BenchmarkThroughput(b *testing.B) {
	const piece = 256 << 10
	for name, start := range map[string]func(testing.TB) *joined{
		"splice": func(t testing.TB) *joined { return join(t) },
		"copy":   joinCopying,
		"TLS":    func(t testing.TB) *joined { return joinTLS(t, "client") },
	} {
		b.Run(name, func(b *testing.B) {
			j := start(b)
			p, buf := make([]byte, piece), make([]byte, piece)
			done := make(chan struct{})
			b.SetBytes(piece)
			b.ReportAllocs()
			b.ResetTimer()
			go func() {
				defer close(done)
				for range b.N {
					if _, err := j.endpoint.Write(p); err != nil {
						b.Error(err)
						return
					}
				}
			}()
			for range b.N {
				if _, err := io.ReadFull(j.client, buf); err != nil {
					b.Fatal(err)
				}
			}
			<-done
		})
	}
}

// joinCopying joins as io.Copy with a buffer would: to compare with.
func joinCopying(t testing.TB) *joined {
	clientFar, clientNear := connect(t)
	endpointFar, endpointNear := connect(t)
	done := make(chan struct{}, 2)
	for _, way := range [][2]io.ReadWriter{{clientNear, endpointNear}, {endpointNear, clientNear}} {
		go func() {
			buf := make([]byte, bufferSize)
			_, _ = io.CopyBuffer(struct{ io.Writer }{way[1]}, struct{ io.Reader }{way[0]}, buf)
			done <- struct{}{}
		}()
	}
	t.Cleanup(func() {
		clientNear.Close()
		endpointNear.Close()
		<-done
		<-done
	})
	return &joined{client: clientFar, endpoint: endpointFar}
}

// BenchmarkMessage is a small message there and back.
func BenchmarkMessage(b *testing.B) {
	for name, start := range map[string]func(testing.TB) *joined{
		"relay": func(t testing.TB) *joined { return join(t) },
		"copy":  joinCopying,
		"TLS":   func(t testing.TB) *joined { return joinTLS(t, "client") },
	} {
		b.Run(name, func(b *testing.B) {
			j := start(b)
			p := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := j.client.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(j.endpoint, p); err != nil {
					b.Fatal(err)
				}
				if _, err := j.endpoint.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(j.client, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Quiet and busy pairs allocate nothing for what they carry.
func TestMessagesAllocateNothing(t *testing.T) {
	if underRace {
		t.Log("sync.Pool forgets at random under the race detector")
	}
	j := join(t)
	p := make([]byte, 100)
	n := testing.AllocsPerRun(200, func() {
		_, _ = j.client.Write(p)
		_, _ = io.ReadFull(j.endpoint, p)
	})
	if n > 0 && !underRace {
		t.Errorf("%v allocations", n)
	}
}
