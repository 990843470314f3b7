// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"crypto/sha256"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// transfer sends n random bytes in pieces of random length, and returns their hash.
func transfer(t *testing.T, c duplex, n int64, seed uint64) hash.Hash {
	var key [32]byte
	key[0] = byte(seed)
	source := io.LimitReader(rand.NewChaCha8(key), n)
	lengths := rand.New(rand.NewPCG(seed, 0))
	sum := sha256.New()
	for {
		piece, err := io.ReadAll(io.LimitReader(source, 1+lengths.Int64N(200<<10)))
		if err != nil || len(piece) == 0 {
			break
		}
		sum.Write(piece)
		if _, err := c.Write(piece); err != nil {
			t.Error(err)
			break
		}
	}
	if err := c.CloseWrite(); err != nil {
		t.Error(err)
	}
	return sum
}

func received(t *testing.T, c net.Conn) (hash.Hash, int64) {
	sum := sha256.New()
	n, err := io.Copy(sum, c)
	if err != nil {
		t.Error(err)
	}
	return sum, n
}

func TestBothDirectionsAtOnce(t *testing.T) {
	const up, down = 5<<20 + 1, 3<<20 + 7
	for name, start := range map[string]func(*testing.T, *meter) *joined{
		"splice":     func(t *testing.T, m *meter) *joined { return join(t, func(p *Pair) { p.Meter = m }) },
		"TLS client": func(t *testing.T, m *meter) *joined { return joinTLS(t, "client", func(p *Pair) { p.Meter = m }) },
		"TLS both":   func(t *testing.T, m *meter) *joined { return joinTLS(t, "both", func(p *Pair) { p.Meter = m }) },
	} {
		t.Run(name, func(t *testing.T) {
			m := &meter{}
			j := start(t, m)
			var wg sync.WaitGroup
			var sent, got [2]hash.Hash
			var n [2]int64
			wg.Go(func() { sent[0] = transfer(t, j.client, up, 1) })
			wg.Go(func() { sent[1] = transfer(t, j.endpoint, down, 2) })
			wg.Go(func() { got[0], n[0] = received(t, j.endpoint) })
			wg.Go(func() { got[1], n[1] = received(t, j.client) })
			wg.Wait()
			r := j.expect(t, Completed)
			for i, want := range []int64{up, down} {
				if n[i] != want || string(got[i].Sum(nil)) != string(sent[i].Sum(nil)) {
					t.Errorf("direction %d: %d bytes of %d, or others", i, n[i], want)
				}
			}
			if r.Received != up || r.Sent != down || m.received.Load() != up || m.sent.Load() != down {
				t.Errorf("counted %+v, meter %d %d", r, m.received.Load(), m.sent.Load())
			}
		})
	}
}

// Lengths around those at which the way of reading changes: each arrives before anything
// else is sent.
func TestMessagesOfEachLength(t *testing.T) {
	lengths := []int{
		1, tlsFirst - 1, tlsFirst, tlsFirst + 1, 2 * tlsFirst, 16 << 10, 16<<10 + 1,
		bufferSize - 1, bufferSize, bufferSize + 1, 2 * bufferSize, 3*bufferSize + 5,
	}
	for name, j := range map[string]*joined{"clear": join(t), "TLS": joinTLS(t, "both")} {
		t.Run(name, func(t *testing.T) {
			for _, n := range lengths {
				message := string(make([]byte, n))
				for _, way := range [][2]duplex{{j.client, j.endpoint}, {j.endpoint, j.client}} {
					done := make(chan error, 1)
					go func() {
						_, err := io.WriteString(way[0], message)
						done <- err
					}()
					expect(t, way[1], message)
					if err := <-done; err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}
