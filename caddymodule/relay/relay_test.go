// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// eachSide runs a test from the client to the endpoint and in reverse, for each
// arrangement of TLS.
func eachSide(t *testing.T, test func(t *testing.T, j *joined, from, to duplex)) {
	for name, start := range map[string]func(*testing.T) *joined{
		"clear":       func(t *testing.T) *joined { return join(t) },
		"TLS client":  func(t *testing.T) *joined { return joinTLS(t, "client") },
		"TLS backend": func(t *testing.T) *joined { return joinTLS(t, "endpoint") },
		"TLS both":    func(t *testing.T) *joined { return joinTLS(t, "both") },
	} {
		t.Run(name+" forth", func(t *testing.T) {
			j := start(t)
			test(t, j, j.client, j.endpoint)
		})
		t.Run(name+" back", func(t *testing.T) {
			j := start(t)
			test(t, j, j.endpoint, j.client)
		})
	}
}

// The end of one direction leaves the other as it is.
func TestHalfClose(t *testing.T) {
	eachSide(t, func(t *testing.T, j *joined, from, to duplex) {
		send(t, from, "question")
		if err := from.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		expect(t, to, "question")
		expectEOF(t, to)
		for range 3 {
			send(t, to, "answer")
			expect(t, from, "answer")
		}
		if err := to.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		expectEOF(t, from)
		r := j.expect(t, Completed)
		if r.Received+r.Sent != int64(len("question")+3*len("answer")) {
			t.Errorf("%+v", r)
		}
	})
}

func TestReset(t *testing.T) {
	eachSide(t, func(t *testing.T, j *joined, from, to duplex) {
		send(t, from, "a")
		expect(t, to, "a")
		reset(from)
		expectReset(t, to)
		j.expect(t, Reset)
	})
}

// A reset reaches the other side although that does not read, and its direction is
// stuck.
func TestResetOfAStuckPair(t *testing.T) {
	j := join(t)
	stuff(t, j.client)
	reset(j.endpoint)
	j.expect(t, Reset)
	expectReset(t, j.client)
}

// stuff writes until nothing more is taken.
func stuff(t testing.TB, c net.Conn) {
	t.Helper()
	p := make([]byte, 1<<20)
	for {
		c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := c.Write(p); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return
			}
			t.Fatal(err)
		}
	}
}

// Protocols whose servers speak first need nothing of the client.
func TestServerFirst(t *testing.T) {
	j := join(t)
	send(t, j.endpoint, "220 ready\r\n")
	expect(t, j.client, "220 ready\r\n")
	send(t, j.client, "QUIT\r\n")
	expect(t, j.endpoint, "QUIT\r\n")
}

func TestPrefix(t *testing.T) {
	m := &meter{}
	j := join(t, func(p *Pair) { p.Prefix, p.Meter = []byte("hel"), m })
	expect(t, j.endpoint, "hel")
	send(t, j.client, "lo")
	expect(t, j.endpoint, "lo")
	send(t, j.endpoint, "world!")
	expect(t, j.client, "world!")
	j.client.CloseWrite()
	j.endpoint.CloseWrite()
	r := j.expect(t, Completed)
	if r.Received != 5 || r.Sent != 6 || m.received.Load() != 5 || m.sent.Load() != 6 {
		t.Errorf("%+v, meter %d %d", r, m.received.Load(), m.sent.Load())
	}
}

func TestContextCutsBoth(t *testing.T) {
	for name, j := range map[string]*joined{"clear": join(t), "TLS": joinTLS(t, "both")} {
		t.Run(name, func(t *testing.T) {
			send(t, j.client, "a")
			expect(t, j.endpoint, "a")
			j.cancel()
			expectReset(t, j.client)
			expectReset(t, j.endpoint)
			if r := j.expect(t, Cut); !errors.Is(r.Err, context.Canceled) {
				t.Error(r.Err)
			}
		})
	}
}

// What has ended already is cut at once.
func TestContextThatHasEnded(t *testing.T) {
	_, client := connect(t)
	_, endpoint := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := Run(ctx, &Pair{Client: Side{TCP: client}, Endpoint: Side{TCP: endpoint}}); r.Outcome != Cut {
		t.Errorf("%+v", r)
	}
}

// Errors are for logs: they say which way, and nothing of what was carried.
func TestErrors(t *testing.T) {
	j := join(t)
	send(t, j.endpoint, "secret")
	expect(t, j.client, "secret")
	reset(j.endpoint)
	r := j.expect(t, Reset)
	if text := r.Err.Error(); !strings.HasPrefix(text, "endpoint to client: ") || strings.Contains(text, "secret") {
		t.Error(text)
	}
}

// A side of TLS that is gone without close_notify ends its direction, as crypto/tls has it.
func TestTLSCloseNotify(t *testing.T) {
	j := joinTLS(t, "client")
	send(t, j.endpoint, "bye")
	j.endpoint.CloseWrite()
	expect(t, j.client, "bye")
	// io.EOF of tls.Conn alone would not tell an alert from a FIN; that it is still able
	// to send does.
	expectEOF(t, j.client)
	send(t, j.client, "late")
	expect(t, j.endpoint, "late")
}
