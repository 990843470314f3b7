// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

const (
	// maxIdle bounds the idle connections to one endpoint.
	maxIdle = 512
	// maxIdleAge is below the keep-alive timeouts of the usual servers and load
	// balancers (60s and more).
	maxIdleAge = 55 * time.Second
)

// Endpoint is one address of a backend with its idle connections, the last used
// first. It stays the same while the address is in the backend's set.
type Endpoint struct {
	address  string
	metrics  *metrics.Backend
	inflight atomic.Int64
	rest     rest
	h2       *h2Client   // nil for HTTP/1.1
	tls      *tls.Config // nil for clear text

	mu      sync.Mutex
	idle    []*conn
	retired bool
}

// dial makes a connection, with TLS if the endpoint speaks that, and remembers if
// that fails.
func (e *Endpoint) dial(ctx context.Context) (net.Conn, error) {
	began := time.Now()
	nc, err := e.open(ctx)
	switch {
	case err == nil:
		e.rest.succeeded()
	case !over(ctx) || time.Since(began) >= slowConnect:
		e.rest.failed()
	}
	return nc, err
}

// over reports whether ctx has ended, or is about to: the dialer keeps the deadline of
// ctx with a timer of its own, which may be first.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

func (e *Endpoint) open(ctx context.Context) (net.Conn, error) {
	if e.tls != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, dialTimeout, errHandshakeTimeout)
		defer cancel()
	}
	nc, err := dialer.DialContext(ctx, "tcp", e.address)
	if err != nil {
		return nil, err
	}
	e.metrics.Opened()
	if e.h2 != nil {
		nc = e.h2.counted(nc)
	}
	if e.tls == nil {
		return nc, nil
	}
	secured, err := e.secure(ctx, nc)
	if err != nil {
		nc.Close()
		if e.h2 == nil {
			e.metrics.Closed()
		}
		return nil, err
	}
	return secured, nil
}

// get returns an idle connection, or nil. Whether the endpoint has closed it is
// still to be looked at.
func (e *Endpoint) get() *conn {
	for {
		c := e.pop()
		if c == nil {
			return nil
		}
		if time.Since(c.idleSince) < maxIdleAge {
			c.reused = true
			return c
		}
		c.close()
	}
}

func (e *Endpoint) pop() *conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	last := len(e.idle) - 1
	if last < 0 {
		return nil
	}
	c := e.idle[last]
	e.idle[last] = nil
	e.idle = e.idle[:last]
	return c
}

// put keeps a connection for later, or returns false.
func (e *Endpoint) put(c *conn) bool {
	c.idleSince = time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.retired || len(e.idle) >= maxIdle {
		return false
	}
	e.idle = append(e.idle, c)
	return true
}

// prune closes the idle connections that are old or were closed by the endpoint.
func (e *Endpoint) prune() {
	e.mu.Lock()
	kept, dead := e.idle[:0], []*conn(nil)
	for _, c := range e.idle {
		if alive, _ := c.alive(); alive && time.Since(c.idleSince) < maxIdleAge {
			kept = append(kept, c)
		} else {
			dead = append(dead, c)
		}
	}
	clear(e.idle[len(kept):])
	e.idle = kept
	e.mu.Unlock()
	closeAll(dead)
}

// retire closes the idle connections, and each other one when its exchange ends.
func (e *Endpoint) retire() {
	e.mu.Lock()
	idle := e.idle
	e.idle, e.retired = nil, true
	e.mu.Unlock()
	closeAll(idle)
	if e.h2 != nil {
		e.h2.retire()
	}
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		c.close()
	}
}
