// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/caddymodule/upstream"
)

const (
	// maxCopies bounds the copies under way.
	maxCopies = 1024
	// maxTime bounds a copy, from being sent to the end of its response.
	maxTime = 30 * time.Second
	// maxDiscard is how much of a response is read, so that its connection can be
	// used again. A longer one costs the connection.
	maxDiscard = 256 << 10
)

// Copy is a request to be sent aside.
type Copy struct {
	// Backend gets the copy, at one of its endpoints.
	Backend *upstream.Backend
	// Metrics count what becomes of it. May be nil.
	Metrics *metrics.Backend

	// Method, Target, Host and Header are as those of upstream.Request. The header
	// belongs to the Sender from now on.
	Method, Target, Host string
	Header               http.Header
	// Body is nil if there is none, else one of a Tee.
	Body *Body
	// ContentLength is the length of Body, -1 if that is not known.
	ContentLength int64
}

// Sender sends copies. Make one with New, and close it. Its methods are safe for
// concurrent use.
type Sender struct {
	ctx    context.Context
	cancel context.CancelFunc
	bounds bounds

	running  atomic.Int64 // copies under way
	buffered atomic.Int64 // bytes that bodies hold
	closed   atomic.Bool
	idle     chan struct{} // gets a value when closed and nothing is under way
}

// bounds are what tests make smaller.
type bounds struct {
	copies  int64
	time    time.Duration
	discard int
	lag     int64 // of a body
	lags    int64 // of all bodies together
}

// New returns a Sender that sends nothing yet.
func New() *Sender {
	s := &Sender{
		bounds: bounds{copies: maxCopies, time: maxTime, discard: maxDiscard, lag: maxLag, lags: maxLags},
		idle:   make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Send sends the copy, and does not wait for anything. It is given up if too many
// are under way already.
func (s *Sender) Send(c *Copy) {
	if !s.begin() {
		c.Body.giveUp()
		c.Metrics.CountMirror(metrics.MirrorDropped)
		return
	}
	go func() {
		defer s.end()
		err := s.send(c)
		c.Body.giveUp() // the rest is of no interest
		c.Metrics.CountMirror(outcome(err))
	}()
}

// begin counts first and looks then, so that Close either sees the copy or is seen.
func (s *Sender) begin() bool {
	if s.running.Add(1) <= s.bounds.copies && !s.closed.Load() {
		return true
	}
	s.end()
	return false
}

func (s *Sender) end() {
	if s.running.Add(-1) > 0 || !s.closed.Load() {
		return
	}
	select {
	case s.idle <- struct{}{}:
	default:
	}
}

// Close cuts the copies under way and waits until they have ended. Those that are
// sent later are given up.
func (s *Sender) Close() {
	s.closed.Store(true)
	s.cancel()
	for s.running.Load() > 0 {
		<-s.idle
	}
}

// send sends the copy and reads its response. The error is of type *upstream.Error.
func (s *Sender) send(c *Copy) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.bounds.time)
	defer cancel()
	q := upstream.Request{
		Context: ctx, Method: c.Method, Target: c.Target, Host: c.Host, Header: c.Header,
		ResponseHeader: http.Header{},
	}
	// The body comes whether the endpoint asks for it or not.
	delete(q.Header, "Expect")
	if c.Body != nil {
		q.Body, q.ContentLength = c.Body, c.ContentLength
		q.InterruptBody, q.Trailer = c.Body.giveUp, &c.Body.trailer
		stop := context.AfterFunc(ctx, c.Body.giveUp)
		defer stop()
	}
	resp, err := c.Backend.Do(&q)
	if err != nil {
		return err
	}
	defer resp.Close()
	return discard(resp, s.bounds.discard)
}

func discard(resp *upstream.Response, limit int) error {
	for n := 0; n < limit; {
		piece, err := resp.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n += len(piece)
	}
	return nil
}

// outcome is what the metrics say. What the proxy gave up by itself is nobody's
// error.
func outcome(err error) metrics.MirrorOutcome {
	if err == nil {
		return metrics.MirrorOK
	}
	if failed, ok := errors.AsType[*upstream.Error](err); ok {
		switch failed.Kind {
		case upstream.Timeout:
			return metrics.MirrorTimeout
		case upstream.Canceled, upstream.RequestBody:
			return metrics.MirrorDropped
		}
	}
	return metrics.MirrorError
}
