// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"math/rand/v2"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// sampler says which lines are written.
type sampler struct {
	// Each line has a chance of numerator out of denominator. A denominator of 0 means
	// all of them.
	numerator, denominator uint32
	// errors is true where failures are written whatever chance says.
	errors bool
	// draw returns a number less than n. Chance, not a counter: a counter would be shared
	// by all requests, and take always the same ones of traffic that repeats itself.
	draw func(n uint32) uint32
}

func newSampler(spec *config.AccessLog) sampler {
	s := sampler{errors: !spec.SampleErrors, draw: rand.Uint32N}
	if f := spec.Sampling; f != nil {
		s.numerator, s.denominator = uint32(max(f.Numerator, 0)), uint32(max(f.Denominator, 0))
	}
	return s
}

// pick says whether the next line is one of the share.
func (s *sampler) pick() bool {
	return s.denominator == 0 || s.numerator > 0 && s.draw(s.denominator) < s.numerator
}
