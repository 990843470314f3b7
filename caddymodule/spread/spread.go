// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spread gives out choices in exact proportion to their weights.
package spread

import (
	"math"
	"sync/atomic"
)

// Spread gives out n choices: within any run of as many calls as the weights add
// up to, after their common divisor is taken out, each has its exact share, and
// within shorter runs the shares are close to that. It needs no lock, no table,
// and no randomness. Make one with New.
//
// The positions 0 to total-1 are visited with a stride that is coprime to total,
// so each once per turn, and near to its golden section, so that any few in a
// row lie far apart.
type Spread struct {
	ends   []uint64 // ends[i] is the first position after those of choice i
	stride uint64
	next   atomic.Uint64
}

// New returns nil if all weights are 0. Negative weights count as 0. Their
// sum must be less than 1<<32.
func New(weights []int32) *Spread {
	var divisor uint64
	for _, w := range weights {
		divisor = gcd(divisor, uint64(max(w, 0)))
	}
	if divisor == 0 {
		return nil
	}
	s := &Spread{ends: make([]uint64, len(weights))}
	var total uint64
	for i, w := range weights {
		total += uint64(max(w, 0)) / divisor
		s.ends[i] = total
	}
	s.stride = coprimeNear(total, uint64(float64(total)/math.Phi))
	return s
}

// Pick returns the index of a choice. Safe for concurrent use.
func (s *Spread) Pick() int {
	total := s.ends[len(s.ends)-1]
	if total == 1 {
		return s.find(0)
	}
	// Both are less than 1<<32: the product fits.
	n := s.next.Add(1) - 1
	return s.find(n % total * s.stride % total)
}

func (s *Spread) find(position uint64) int {
	for i, end := range s.ends {
		if position < end {
			return i
		}
	}
	return len(s.ends) - 1 // never: position < total
}

// coprimeNear returns the number nearest to n that is coprime to total.
func coprimeNear(total, n uint64) uint64 {
	for d := uint64(0); ; d++ {
		if gcd(n+d, total) == 1 {
			return n + d
		}
		if d < n && gcd(n-d, total) == 1 {
			return n - d
		}
	}
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
