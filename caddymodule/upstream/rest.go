// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"sync/atomic"
	"time"
)

const (
	// failureMemory is how long an endpoint that could not be connected to is
	// passed over where there are others. It doubles each time that the endpoint
	// fails again, up to maxFailureMemory. One that is gone without a word, so that
	// a connect takes until it times out, then costs a request now and then that
	// long, and not every second one.
	failureMemory    = time.Second
	maxFailureMemory = 10 * time.Second
	// slowConnect is from when on it is the endpoint that is to blame if the time of a
	// request is over before there is a connection. Else one that is gone would never
	// rest where requests have less time than dialTimeout.
	slowConnect = 500 * time.Millisecond
)

// rest is the time for which an endpoint is left alone after it has failed. Then one
// request finds out whether it is back, and the others wait for what comes of that. The
// zero value is an endpoint that has not failed.
type rest struct {
	// until is in nanoseconds since 1970, with onTrialBit; 0 without a failure.
	until atomic.Int64
	// failures in a row; none if the end of the rest is enough.
	failures atomic.Int32
}

const onTrialBit = 1

// standing of an endpoint.
type standing int

const (
	resting standing = iota
	good
	// onTrial is told to the one request that finds out, and chooses no other.
	onTrial
)

func (r *rest) standing() standing {
	until := r.until.Load()
	if until == 0 {
		return good
	}
	now := time.Now()
	switch {
	case now.UnixNano() < until:
		return resting
	case r.failures.Load() == 0:
		return good
	case r.until.CompareAndSwap(until, now.Add(dialTimeout).UnixNano()|onTrialBit):
		return onTrial
	}
	return resting
}

// failed begins a rest after a connect that failed. Of those that were under way at the
// same time only the first does.
func (r *rest) failed() {
	until, now := r.until.Load(), time.Now()
	if now.UnixNano() < until && until&onTrialBit == 0 {
		return
	}
	// So many doublings reach any maximum, and a shift would overflow.
	pause := min(failureMemory<<min(r.failures.Load(), 10), maxFailureMemory)
	if r.until.CompareAndSwap(until, now.Add(pause).UnixNano()&^onTrialBit) {
		r.failures.Add(1)
	}
}

// passOver begins a rest that ends by itself.
func (r *rest) passOver() {
	r.failures.Store(0)
	r.until.Store(time.Now().Add(failureMemory).UnixNano() &^ onTrialBit)
}

// answered ends a trial, since the request that finds out may do so on a connection that
// was there before. It ends no rest: on such a connection an endpoint may answer while it
// takes no other.
func (r *rest) answered() {
	if until := r.until.Load(); until&onTrialBit != 0 && r.until.CompareAndSwap(until, 0) {
		r.failures.Store(0)
	}
}

// succeeded ends the rest. Most connects are to an endpoint that has none.
func (r *rest) succeeded() {
	if r.until.Load() != 0 {
		r.failures.Store(0)
		r.until.Store(0)
	}
}
