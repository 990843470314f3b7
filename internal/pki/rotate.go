// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"time"
)

// Observation is what Advance decides by.
type Observation struct {
	Now time.Time
	// Distributed says that the Secret of every proxy holds the present bundle
	// and a certificate signed by the present authority.
	Distributed bool
	// Settle is how long after that the proxies surely have read it: the time
	// that a kubelet may take to bring a changed Secret into a pod.
	Settle time.Duration
	// Rotate asks for a rotation although the authority is not old enough.
	Rotate bool
}

// Advance takes the step of a rotation that is due, at most one. It returns what
// the authority becomes, which is a itself if nothing is due, and after what time
// to look again; 0 means when Distributed changes.
func (a *Authority) Advance(o Observation) (*Authority, time.Duration, error) {
	if a.Phase() == Settled {
		due := RenewAt(a.current.cert)
		if !o.Rotate && o.Now.Before(due) {
			return a, due.Sub(o.Now), nil
		}
		next, err := newRoot(o.Now)
		if err != nil {
			return nil, 0, err
		}
		return &Authority{current: a.current, next: next}, 0, nil
	}

	if !o.Distributed {
		if a.distributed.IsZero() {
			return a, 0, nil
		}
		// A proxy came up that has not got it yet: the waiting begins anew.
		b := *a
		b.distributed = time.Time{}
		return &b, 0, nil
	}
	if a.distributed.IsZero() {
		b := *a
		b.distributed = o.Now
		return &b, o.Settle, nil
	}
	if wait := a.distributed.Add(o.Settle).Sub(o.Now); wait > 0 {
		return a, wait, nil
	}
	if a.Phase() == Introduced {
		return &Authority{current: a.next, previous: a.current.cert}, 0, nil
	}
	settled := &Authority{current: a.current}
	return settled, RenewAt(a.current.cert).Sub(o.Now), nil
}
