// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

const (
	// defaultBackoff is that of config.Retry.
	defaultBackoff = 25 * time.Millisecond
	// maxBackoff bounds the time between tries, unless more is asked for.
	maxBackoff = time.Second
	// maxRest is how much of a response that is not passed on is read, so that its
	// connection can be used again.
	maxRest = 64 << 10
)

// retry sends a request until there is a response to pass on, or no more tries are
// allowed, or its time is over.
func (b *Backend) retry(q *Request) (*Response, error) {
	var triedArray [maxTries]*Endpoint
	tried := triedArray[:0]
	for n := 1; ; n++ {
		var e *Endpoint
		if e, tried = b.set.Load().pickAgain(tried); e == nil {
			return nil, &Error{Kind: NoEndpoints}
		}
		tried = append(tried, e)
		resp, err := e.do(q)
		var failed *Error
		if err != nil {
			failed = asError(err)
		}
		if n > q.Retry.Attempts || !q.wantsAnother(resp, failed) {
			return b.last(resp, failed)
		}
		wait := backoff(q.Retry, n)
		if failed != nil && failed.reach == unsent && q.Retry.Backoff == 0 && b.set.Load().hasOther(tried) {
			wait = 0 // as without retries: nothing has happened
		}
		until := time.Now().Add(wait)
		if resp != nil {
			resp.abandon(until)
			clear(q.ResponseHeader)
		} else {
			b.metrics.Count(metrics.Retried)
		}
		if err := q.sleep(until); err != nil {
			return nil, classify(q, e.address, Canceled, err)
		}
	}
}

// last is the result of the last try.
func (b *Backend) last(resp *Response, failed *Error) (*Response, error) {
	if failed != nil {
		b.metrics.Count(outcome(false, failed.Kind))
		return nil, failed
	}
	return resp, nil
}

// pickAgain prefers endpoints that were not tried. Once all were, they are as good
// as each other again, but for the last one. It returns those that now count as tried.
func (s *endpointSet) pickAgain(tried []*Endpoint) (*Endpoint, []*Endpoint) {
	if e := s.pick(tried); e != nil || len(tried) == 0 {
		return e, tried
	}
	last := tried[:1]
	last[0] = tried[len(tried)-1]
	if e := s.pick(last); e != nil {
		return e, last
	}
	return s.pick(nil), tried[:0]
}

// wantsAnother says whether the request may be sent again after what came of it.
// Nothing is sent again once something was passed on, nor what may have been
// processed if it must not be twice.
func (q *Request) wantsAnother(resp *Response, failed *Error) bool {
	switch {
	case q.passed:
		return false
	case failed == nil:
		return slices.Contains(q.Retry.Codes, resp.Status) && q.replayable()
	case failed.Kind != ConnectFailed && failed.Kind != BadResponse && failed.Kind != Timeout:
		return false
	case !q.Deadline.IsZero() && !time.Now().Before(q.Deadline):
		return false // it was not the time of the try
	case failed.reach == unsent:
		return true
	}
	return failed.reach == sent && q.replayable()
}

// backoff is the time between try n and the next. It doubles, and a random part
// keeps requests that have failed together from coming back together.
func backoff(r *config.Retry, n int) time.Duration {
	wait := cmp.Or(time.Duration(r.Backoff), defaultBackoff)
	for ; n > 1 && wait < maxBackoff; n-- {
		wait = min(2*wait, maxBackoff)
	}
	return wait + rand.N(wait/4+1)
}

// sleep returns an error if the time of the request is over first, or its client
// leaves.
func (q *Request) sleep(until time.Time) error {
	late := !q.Deadline.IsZero() && q.Deadline.Before(until)
	if late {
		until = q.Deadline
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.Context.Done():
		return q.Context.Err()
	}
	if late {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// abandon closes a response that is not passed on. What is left of a short one is
// read first, as far as it comes in time; in HTTP/2 there is no need to.
func (r *Response) abandon(until time.Time) {
	r.retried = true
	if c, ok := r.body.(*conn); ok {
		c.readRest(until)
	}
	r.Close()
}

func (c *conn) readRest(until time.Time) {
	if c.complete || c.left > maxRest || c.frame.close {
		return
	}
	if c.deadline.IsZero() || until.Before(c.deadline) {
		c.setReadDeadline(until)
		defer func() { c.setReadDeadline(c.deadline) }()
	}
	for n := 0; n <= maxRest; {
		piece, err := c.Next()
		if err != nil {
			return
		}
		n += len(piece)
	}
}
