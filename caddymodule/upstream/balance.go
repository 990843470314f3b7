// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"math/rand/v2"
	"slices"
)

// maxTries bounds the endpoints that a request is tried at.
const maxTries = 3

// endpointSet is what a backend consists of at one time. Immutable.
type endpointSet struct {
	ready    []*Endpoint
	draining []*Endpoint
}

// candidates are the endpoints that may get requests.
func (s *endpointSet) candidates() []*Endpoint {
	if len(s.ready) > 0 {
		return s.ready
	}
	return s.draining
}

// pick chooses the endpoint with fewer requests under way of two random ones
// that are neither resting nor tried. If there is no such endpoint, a resting
// one will do. It returns nil if all were tried.
func (s *endpointSet) pick(tried []*Endpoint) *Endpoint {
	all := s.candidates()
	switch len(all) {
	case 0:
		return nil
	case 1:
		if len(tried) > 0 {
			return nil
		}
		return all[0]
	}
	r := rand.Uint64()
	i := int((r >> 32) % uint64(len(all)))
	j := int((r & 0xffffffff) % uint64(len(all)-1))
	if j >= i {
		j++
	}
	a, b := all[i], all[j]
	aStands := standingOf(a, tried)
	if aStands == onTrial {
		return a
	}
	switch bStands := standingOf(b, tried); {
	case bStands == onTrial:
		return b
	case aStands == good && bStands == good:
		if b.inflight.Load() < a.inflight.Load() {
			return b
		}
		return a
	case aStands == good:
		return a
	case bStands == good:
		return b
	}
	return pickOther(all, i, tried)
}

// hasOther says whether there is an endpoint that was not tried. Unlike pick it begins no
// trial, which would keep the others from one that nobody is sent to.
func (s *endpointSet) hasOther(tried []*Endpoint) bool {
	return slices.ContainsFunc(s.candidates(), func(e *Endpoint) bool { return !slices.Contains(tried, e) })
}

// standingOf is resting for one that was tried.
func standingOf(e *Endpoint, tried []*Endpoint) standing {
	if slices.Contains(tried, e) {
		return resting
	}
	return e.rest.standing()
}

// pickOther looks at all, from a random one on.
func pickOther(all []*Endpoint, start int, tried []*Endpoint) *Endpoint {
	var last *Endpoint
	for k := range all {
		e := all[(start+k)%len(all)]
		if slices.Contains(tried, e) {
			continue
		}
		if e.rest.standing() != resting {
			return e
		}
		last = e
	}
	return last
}
