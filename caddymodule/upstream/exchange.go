// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	// continueWait is how long to wait for 100 Continue before the body is sent
	// regardless (RFC 9110, 10.1.1).
	continueWait = time.Second
	// maxInterim bounds the 1xx responses in front of a response.
	maxInterim = 256
)

// roundTrip sends a request and reads the header of the response. After an error
// the connection is closed.
func (c *conn) roundTrip(q *Request) (*Response, error) {
	c.begin(q, tryDeadline(q))
	c.unwatch = context.AfterFunc(q.Context, c.onCancel)
	if err := c.exchange(q); err != nil {
		failure := c.failure(err)
		failure.reach = c.reach()
		c.fail()
		return nil, failure
	}
	return &c.resp, nil
}

func (c *conn) reach() reach {
	switch {
	case c.started:
		return answered
	case c.accepted > 0 || c.uploaded:
		return sent
	}
	return unsent
}

// tryDeadline is the earlier of the deadlines of the request and of this try.
func tryDeadline(q *Request) time.Time {
	if q.TryTimeout <= 0 {
		return q.Deadline
	}
	t := time.Now().Add(q.TryTimeout)
	if !q.Deadline.IsZero() && q.Deadline.Before(t) {
		return q.Deadline
	}
	return t
}

// tellTimeout tells the endpoint how long the response is waited for.
func (q *Request) tellTimeout() {
	if deadline := tryDeadline(q); !deadline.IsZero() {
		q.TellTimeout(q.Header, time.Until(deadline))
	}
}

func (c *conn) exchange(q *Request) error {
	c.out = append(q.appendHead(c.out[:0]), q.inline...)
	if err := c.send(q); err != nil {
		return err
	}
	expecting := q.streams && q.expectsContinue()
	if q.streams && !expecting {
		c.startUpload(q)
	}
	for range maxInterim {
		block, err := c.readHead(q, expecting)
		if err != nil {
			return err
		}
		hd, err := parseHead(block, q.ResponseHeader)
		if err != nil {
			return err
		}
		if hd.status == http.StatusContinue {
			clear(q.ResponseHeader)
			if expecting {
				expecting = false
				c.startUpload(q)
			}
			continue
		}
		if hd.status >= 200 || hd.status == http.StatusSwitchingProtocols {
			return c.accept(hd, q)
		}
		if q.Interim != nil {
			StripHopByHop(q.ResponseHeader)
			q.Interim(hd.status)
			q.passed = true
		}
		clear(q.ResponseHeader)
	}
	return errInterim
}

// send writes the request, but for a body that is uploaded. A connection that was
// idle is looked at first, however short that was: what the endpoint has sent in
// the meantime, such as the body of a response to HEAD, would answer somebody
// else.
func (c *conn) send(q *Request) error {
	switch {
	case !c.reused:
	case q.streams, c.wire != nil:
		if alive, err := c.alive(); err != nil {
			return err
		} else if !alive {
			return errStale
		}
	default:
		if answered, err := c.ask(); answered || err != nil {
			return err
		}
	}
	n, err := c.nc.Write(c.out[c.accepted:])
	c.accepted += n
	return err
}

// readHead reads the block of a header. If the endpoint is silent about an
// expectation, the upload begins after a while.
func (c *conn) readHead(q *Request, expecting bool) ([]byte, error) {
	if expecting && !c.up.running && len(c.rd.buffered()) == 0 {
		if err := c.awaitContinue(q); err != nil {
			return nil, err
		}
	}
	block, err := c.rd.block(maxHead)
	c.started = c.started || err == nil || !errors.Is(err, io.EOF) && len(c.rd.buffered()) > 0
	return block, err
}

// awaitContinue waits for the first byte of a response, and starts the upload if
// it does not come in time.
func (c *conn) awaitContinue(q *Request) error {
	wait := time.Now().Add(continueWait)
	if !c.deadline.IsZero() && c.deadline.Before(wait) {
		return nil
	}
	c.setReadDeadline(wait)
	err := c.rd.fill()
	c.setReadDeadline(c.deadline)
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.aborted.Load() {
		c.startUpload(q)
		return nil
	}
	return err
}

// accept takes a final response.
func (c *conn) accept(hd head, q *Request) error {
	c.resp.Status = hd.status
	if hd.status == http.StatusSwitchingProtocols {
		protocol := q.ResponseHeader.Get("Upgrade")
		if q.Upgrade == "" || !strings.EqualFold(protocol, q.Upgrade) {
			return errUnasked
		}
		c.resp.Upgrade = protocol
		c.frame.close = true
		StripHopByHop(q.ResponseHeader)
		return nil
	}
	f, err := frame(hd, q.Method, q.ResponseHeader)
	if err != nil {
		return err
	}
	c.frame = f
	c.left = f.length
	c.complete = f.length == 0
	if q.streams && !c.up.running {
		// The body was refused before it was asked for: the endpoint may still
		// wait for it, so nothing else can be sent.
		c.frame.close = true
	}
	return nil
}
