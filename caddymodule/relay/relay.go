// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// Side is one of the two connections.
type Side struct {
	// TCP is the connection. Required.
	TCP *net.TCPConn
	// TLS is the session on top of it, which is read from and written to instead.
	// nil for clear text.
	TLS *tls.Conn
}

// Pair is two connections to be joined.
type Pair struct {
	Client, Endpoint Side
	// Prefix was read from the client already, and is written to the endpoint first.
	Prefix []byte
	// IdleTimeout ends the pair when nothing has moved in either direction for this
	// long, or up to twice as long. Default: no bound.
	IdleTimeout time.Duration
	// Meter is told what moves while it does. Default: none.
	Meter Meter
}

// Meter counts bytes, of what is inside of TLS where a side has that. Its methods are
// called concurrently.
type Meter interface {
	// Received counts what came from the client and was written to the endpoint.
	Received(n int64)
	// Sent counts what came from the endpoint and was written to the client.
	Sent(n int64)
}

// Outcome says how a pair has ended.
type Outcome int

// The outcomes.
const (
	// Completed: both directions have come to their end.
	Completed Outcome = iota
	// Reset: a side has reset its connection, or failed otherwise.
	Reset
	// Idle: nothing has moved for the idle timeout.
	Idle
	// Cut: the context has ended.
	Cut
)

// Result is what became of a pair.
type Result struct {
	Outcome Outcome
	// Received and Sent are bytes, as those of Meter.
	Received, Sent int64
	// Err says more about the outcomes other than Completed. It quotes nothing that was
	// carried.
	Err error
}

// Run carries the bytes of a pair and returns when both directions have ended. Both
// connections are then closed, with a reset unless the outcome is Completed. No deadline
// may be set on them. One goroutine is added to that of the caller.
func Run(ctx context.Context, p *Pair) Result {
	r := newRelay(p)
	defer context.AfterFunc(ctx, func() { r.cut(Cut, context.Cause(ctx)) })()
	if p.IdleTimeout > 0 {
		w := newWatch(r, p.IdleTimeout)
		defer w.stop()
	}
	return r.run(p.Prefix)
}

// relay is a pair that is being run.
type relay struct {
	client, endpoint Side
	up, down         direction

	mu      sync.Mutex
	closed  bool
	outcome Outcome
	err     error
}

func newRelay(p *Pair) *relay {
	r := &relay{client: p.Client, endpoint: p.Endpoint}
	r.up = direction{relay: r, from: p.Client, to: p.Endpoint, name: "client to endpoint", other: &r.down}
	r.down = direction{relay: r, from: p.Endpoint, to: p.Client, name: "endpoint to client", other: &r.up}
	if p.Meter != nil {
		r.up.count, r.down.count = p.Meter.Received, p.Meter.Sent
	}
	return r
}

func (r *relay) run(prefix []byte) Result {
	var down sync.WaitGroup
	down.Go(func() { r.down.run(nil) })
	r.up.run(prefix)
	down.Wait()
	r.close()
	return Result{Outcome: r.outcome, Received: r.up.moved.Load(), Sent: r.down.moved.Load(), Err: r.err}
}

// cut resets both connections, so that all reads and writes fail. The first call says
// why.
func (r *relay) cut(outcome Outcome, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	r.outcome, r.err = outcome, err
	r.client.reset()
	r.endpoint.reset()
}

// close closes connections whose directions have both ended.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	r.client.TCP.Close()
	r.endpoint.TCP.Close()
}

// reset closes the connection with RST. TLS says nothing: close_notify would mean that
// all was sent.
func (s Side) reset() {
	_ = s.TCP.SetLinger(0) // fails where the connection is gone already
	s.TCP.Close()
}

// closeWrite says that nothing more is sent.
func (s Side) closeWrite() error {
	if s.TLS != nil {
		if err := s.TLS.CloseWrite(); err != nil {
			return err
		}
	}
	return s.TCP.CloseWrite()
}
