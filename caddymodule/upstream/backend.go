// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// Backend sends requests to the endpoints of one backend. Its methods are safe
// for concurrent use.
type Backend struct {
	protocol config.BackendProtocol
	tls      *tls.Config // nil for clear text
	metrics  *metrics.Backend
	set      atomic.Pointer[endpointSet]

	mu      sync.Mutex // held while set is changed
	retired bool
}

// SetEndpoints replaces the endpoints. Those whose address stays keep their
// connections; of those that go, idle connections are closed at once and the
// others when their exchange ends.
func (b *Backend) SetEndpoints(endpoints []config.Endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.set.Load().byAddress()
	next := &endpointSet{}
	seen := make(map[string]bool, len(endpoints))
	for _, spec := range endpoints {
		if seen[spec.Address] {
			continue
		}
		seen[spec.Address] = true
		e, ok := old[spec.Address]
		if !ok {
			e = b.newEndpoint(spec.Address)
		}
		delete(old, spec.Address)
		if spec.Draining {
			next.draining = append(next.draining, e)
		} else {
			next.ready = append(next.ready, e)
		}
	}
	b.set.Store(next)
	b.metrics.SetReady(len(next.ready))
	for _, e := range old {
		e.retire()
	}
}

// Scheme is that of URLs at the endpoints: http or https.
func (b *Backend) Scheme() string {
	if b.tls != nil {
		return "https"
	}
	return "http"
}

// newEndpoint makes an endpoint of a backend; after retirement one that keeps no
// connections.
func (b *Backend) newEndpoint(address string) *Endpoint {
	e := &Endpoint{address: address, metrics: b.metrics, retired: b.retired, tls: withSessions(b.tls)}
	if b.protocol == config.BackendHTTP2 {
		e.h2 = newH2Client(e)
	}
	return e
}

func (s *endpointSet) byAddress() map[string]*Endpoint {
	m := make(map[string]*Endpoint, len(s.ready)+len(s.draining))
	for _, e := range s.ready {
		m[e.address] = e
	}
	for _, e := range s.draining {
		m[e.address] = e
	}
	return m
}

// retire gives up pooling. Requests of a configuration that is on its way out are
// still served.
func (b *Backend) retire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retired = true
	for _, e := range b.set.Load().byAddress() {
		e.retire()
	}
}

func (b *Backend) prune() {
	for _, e := range b.set.Load().byAddress() {
		e.prune()
	}
}

// inlineBuffers hold small bodies between reading and the end of the exchange.
var inlineBuffers = sync.Pool{New: func() any { return new([maxInline]byte) }}

// Do sends a request to one of the endpoints and returns the beginning of the
// response. Another endpoint is tried where no connection can be made; on a
// connection that turns out to be dead the request is sent again where that
// can't make it happen twice. Beyond that Request.Retry decides. All errors are of
// type *Error.
func (b *Backend) Do(q *Request) (*Response, error) {
	if n := q.ContentLength; q.Body != nil && n > 0 && n <= maxInline {
		buf := inlineBuffers.Get().(*[maxInline]byte)
		defer inlineBuffers.Put(buf) // the request is sent when do returns
		if err := q.prepare(buf); err != nil {
			return nil, classify(q, "", RequestBody, err)
		}
	} else if err := q.prepare(nil); err != nil {
		return nil, classify(q, "", RequestBody, err)
	}
	return b.do(q)
}

func (b *Backend) do(q *Request) (*Response, error) {
	if q.Retry != nil {
		return b.retry(q)
	}
	set := b.set.Load()
	var failed *Error
	var triedArray [maxTries]*Endpoint
	for tried := triedArray[:0]; len(tried) < maxTries; {
		e := set.pick(tried)
		if e == nil {
			break
		}
		if failed != nil {
			b.metrics.Count(metrics.Retried)
		}
		tried = append(tried, e)
		resp, err := e.do(q)
		if err == nil {
			return resp, nil
		}
		failed = asError(err)
		if failed.Kind != ConnectFailed {
			break
		}
	}
	if failed == nil {
		return nil, &Error{Kind: NoEndpoints}
	}
	b.metrics.Count(outcome(false, failed.Kind))
	return nil, failed
}

// do sends the request to this endpoint.
func (e *Endpoint) do(q *Request) (*Response, error) {
	e.inflight.Add(1)
	q.beginTry(e.address)
	var resp *Response
	var err error
	if e.h2 != nil {
		resp, err = e.h2.do(q)
	} else {
		resp, err = e.do1(q)
	}
	if err != nil {
		q.endTry(err)
		e.inflight.Add(-1)
		return nil, err
	}
	e.rest.answered()
	resp.tries = q.Tries
	return resp, nil
}

func (e *Endpoint) do1(q *Request) (*Response, error) {
	for c := e.get(); c != nil; c = e.get() {
		resp, err := c.roundTrip(q)
		if errors.Is(err, errStale) {
			continue
		}
		if err == nil || !c.mayRetry(q, err) {
			return resp, err
		}
		e.metrics.Count(metrics.Retried)
		q.endTry(err)
		q.beginTry(e.address)
		break
	}
	c, err := e.connect(q)
	if err != nil {
		return nil, err
	}
	return c.roundTrip(q)
}

// mayRetry reports whether a request that failed on an idle connection may be
// sent on another: the endpoint has answered nothing and either can't have seen
// the request or may see it twice, and its body is still here. Where it is said how
// often a request is sent again, the latter is left to that.
func (c *conn) mayRetry(q *Request, err error) bool {
	if asError(err).Kind != BadResponse || c.started {
		return false
	}
	return q.Retry == nil && q.replayable() || c.accepted == 0 && !c.uploaded
}

// connect makes a connection within the deadlines of the request.
func (e *Endpoint) connect(q *Request) (*conn, error) {
	ctx := q.Context
	if deadline := tryDeadline(q); !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	nc, err := e.dial(ctx)
	if err != nil {
		kind := ConnectFailed
		if over(ctx) {
			kind = Timeout
		}
		return nil, dialError(q, e.address, kind, err)
	}
	return newConn(e, nc), nil
}

// dialError is classify, but for a timeout of the dialer itself, after which
// another endpoint may be tried.
func dialError(q *Request, address string, kind Kind, err error) error {
	if q.Context.Err() != nil {
		return classify(q, address, kind, err)
	}
	return &Error{Kind: kind, Endpoint: address, Err: err, reach: unsent}
}
