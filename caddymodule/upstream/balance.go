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
// that are neither failing nor tried. If there is no such endpoint, a failing
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
	aGood, bGood := good(a, tried), good(b, tried)
	switch {
	case aGood && bGood:
		if b.inflight.Load() < a.inflight.Load() {
			return b
		}
		return a
	case aGood:
		return a
	case bGood:
		return b
	}
	return pickRest(all, i, tried)
}

func good(e *Endpoint, tried []*Endpoint) bool {
	return !e.failing() && !slices.Contains(tried, e)
}

// pickRest looks at all, from a random one on.
func pickRest(all []*Endpoint, start int, tried []*Endpoint) *Endpoint {
	var last *Endpoint
	for k := range all {
		e := all[(start+k)%len(all)]
		if slices.Contains(tried, e) {
			continue
		}
		if !e.failing() {
			return e
		}
		last = e
	}
	return last
}
