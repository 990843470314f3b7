// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// conn is a connection to an endpoint that speaks HTTP/1.1. It carries one
// exchange at a time, whose state it keeps so that an exchange allocates little.
// Its fields belong to the goroutine of the request, but for abort.
type conn struct {
	endpoint *Endpoint
	nc       net.Conn
	wire     *wire // under TLS; nil in clear text, whose connection is nc
	rd       reader
	out      []byte // for headers of requests

	idle      idle
	idleSince time.Time
	reused    bool

	// The exchange under way.
	req         *Request
	resp        Response
	frame       framing
	left        int64 // of a body of known length
	chunks      chunkedBody
	complete    bool // the body was read to its end
	accepted    int  // bytes of the request that were written
	started     bool // something of the response was read
	uploaded    bool // an upload was begun
	deadline    time.Time
	up          upload
	unwatch     func() bool
	hasDeadline bool
	failed      Kind // of the error that Next has returned, 0 for none
	aborted     atomic.Bool
	onCancel    func() // abort, made once
}

func newConn(e *Endpoint, nc net.Conn) *conn {
	c := &conn{endpoint: e, nc: nc, rd: newReader(nc)}
	c.onCancel = c.abort
	if secured, ok := nc.(*tls.Conn); ok {
		c.wire, _ = secured.NetConn().(*wire)
	} else {
		c.watchable()
	}
	return c
}

// alive reports whether an idle connection is open and silent: an endpoint that
// has closed it, or sent what nobody has asked for, is not to be asked on it.
// The error is not about that, but about the deadline of the connection.
func (c *conn) alive() (bool, error) {
	if c.wire != nil {
		return c.wire.silent()
	}
	return c.silent()
}

// close closes a connection that carries nothing any more, TLS in an orderly way.
func (c *conn) close() {
	if c.wire != nil {
		c.wire.leaving.Store(true)
	}
	c.nc.Close()
	c.endpoint.metrics.Closed()
}

// cut closes a connection on which something was left unfinished. TLS must not say
// that all is well.
func (c *conn) cut() {
	if c.wire != nil {
		c.wire.Close()
	} else {
		c.nc.Close()
	}
	c.endpoint.metrics.Closed()
}

// abort makes all reads and writes of the connection fail from now on. Safe for
// concurrent use.
func (c *conn) abort() {
	c.aborted.Store(true)
	c.nc.SetDeadline(longAgo)
}

// setReadDeadline does not undo a concurrent abort.
func (c *conn) setReadDeadline(t time.Time) {
	c.nc.SetReadDeadline(t)
	if c.aborted.Load() {
		c.nc.SetDeadline(longAgo)
	}
}

// begin resets the state of the exchange.
func (c *conn) begin(q *Request, deadline time.Time) {
	c.req = q
	c.resp = Response{Header: q.ResponseHeader, body: c, Endpoint: c.endpoint.address}
	c.frame, c.left, c.chunks = framing{}, 0, chunkedBody{}
	c.complete, c.started, c.uploaded, c.accepted, c.failed = false, false, false, 0, 0
	c.up = upload{}
	c.deadline = deadline
	if !deadline.IsZero() || c.hasDeadline {
		c.nc.SetDeadline(deadline)
		c.hasDeadline = !deadline.IsZero()
	}
}

// Close ends the exchange. The connection is used again if nothing is left of it
// on either side.
func (c *conn) Close() {
	clean := c.complete && !c.frame.close && len(c.rd.buffered()) == 0
	ended := c.complete
	grace := time.Duration(0)
	if clean {
		grace = uploadGrace
	}
	ended = c.stopUpload(c.req, grace) && ended
	ended = c.unwatch() && ended
	c.unwatch, c.req = nil, nil
	c.resp.Header = nil
	if cap(c.out) > smallBuffer {
		c.out = nil
	}
	c.rd.settle()
	e := c.endpoint
	e.metrics.Count(c.resp.outcome(c.complete || c.resp.Status == http.StatusSwitchingProtocols, c.failed))
	switch {
	case !ended:
		c.cut()
	case !clean || !e.put(c):
		c.close()
	}
	e.inflight.Add(-1)
}

// fail ends the exchange before a response was handed out.
func (c *conn) fail() {
	c.stopUpload(c.req, 0)
	c.unwatch()
	c.cut()
	c.rd.settle()
	clear(c.req.ResponseHeader)
	c.req = nil
}

// Ready reports whether Next returns without waiting.
func (c *conn) Ready() bool {
	for {
		switch {
		case c.complete:
			return true
		case c.frame.length != chunked:
			return len(c.rd.buffered()) > 0
		case c.chunks.hasData(&c.rd) || c.chunks.phase == phaseDone:
			return true
		}
		if more, err := c.chunks.step(&c.rd); more || err != nil {
			return err != nil
		}
	}
}

// Next returns the next piece of the body, valid until the next call, or io.EOF.
func (c *conn) Next() ([]byte, error) {
	if c.complete {
		return nil, io.EOF
	}
	piece, err := c.next()
	if err == nil || err == io.EOF && c.complete {
		return piece, err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	failure := c.failure(err)
	c.failed = failure.Kind
	return nil, failure
}

func (c *conn) next() ([]byte, error) {
	if c.frame.length == chunked {
		return c.nextChunk()
	}
	if len(c.rd.buffered()) == 0 {
		if c.frame.length == untilClose || c.left > smallBuffer {
			c.rd.borrow()
		}
		if err := c.rd.fill(); err != nil {
			c.complete = err == io.EOF && c.frame.length == untilClose
			return nil, err
		}
	}
	piece := c.rd.buffered()
	if c.frame.length >= 0 {
		piece = piece[:min(int64(len(piece)), c.left)]
		c.left -= int64(len(piece))
		c.complete = c.left == 0
	}
	c.rd.consume(len(piece))
	return piece, nil
}

func (c *conn) nextChunk() ([]byte, error) {
	for {
		if c.chunks.hasData(&c.rd) {
			return c.chunks.take(&c.rd), nil
		}
		if c.chunks.phase == phaseDone {
			c.complete = true
			return nil, io.EOF
		}
		more, err := c.chunks.step(&c.rd)
		if err != nil {
			return nil, err
		}
		if !more {
			continue
		}
		if c.chunks.phase == phaseData && c.chunks.remaining > smallBuffer {
			c.rd.borrow()
		}
		if err := c.rd.fill(); err != nil {
			return nil, err
		}
	}
}

// Trailer returns the trailers once the body has been read to its end.
func (c *conn) Trailer() http.Header { return c.chunks.trailer }

// failure tells what an error of the connection means: where the upload has
// failed to read, that is the reason of everything else.
func (c *conn) failure(err error) *Error {
	if c.up.running && c.aborted.Load() && c.req.Context.Err() == nil && waitFor(c.up.done, uploadGrace) && c.up.readErr != nil {
		return classify(c.req, c.endpoint.address, RequestBody, c.up.readErr)
	}
	return classify(c.req, c.endpoint.address, BadResponse, err)
}
