// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"cmp"
	"slices"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// PodReport is what is known of one pod.
type PodReport struct {
	// Pod is Pod.Name.
	Pod string
	// Version is what the pod was last known to run, as far as it understands it, empty
	// if nothing.
	Version string
	// Omissions are of that what the pod is not told, since it is of an earlier
	// revision of the contract. Not to be modified.
	Omissions []config.Omission
	// Program is the version of the pod's program, empty if it does not say.
	Program string
	// Generation of the Gateway that is in what the pod runs; 0 if not known,
	// as for a configuration that an earlier controller pushed.
	Generation int64
	// Pending is true until the wanted configuration was tried once.
	Pending bool
	// Draining is true once the pod was asked to stop.
	Draining bool
	// Refusal is the pod's answer to the wanted configuration, if it refused.
	Refusal *config.Refusal
	// Failure says why the last exchange with the pod failed, if it did.
	Failure string
}

// podState is what a worker publishes.
type podState struct {
	tried      *target
	version    string
	omissions  []config.Omission
	program    string
	generation int64
	draining   bool
	refusal    *config.Refusal
	failure    string
}

// equal says whether Report shows the same for both.
func (s *podState) equal(o *podState) bool {
	same := s.refusal == o.refusal || s.refusal != nil && o.refusal != nil && *s.refusal == *o.refusal
	tried := s.tried == o.tried || s.tried != nil && o.tried != nil &&
		s.tried.version == o.tried.version && s.tried.generation == o.tried.generation
	same = same && s.program == o.program && slices.Equal(s.omissions, o.omissions)
	return same && tried && s.version == o.version && s.generation == o.generation &&
		s.draining == o.draining && s.failure == o.failure
}

// Report says what the pods of a Gateway run, in the order of their names.
func (f *Fleet) Report(id string) []PodReport {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.gateways[id]
	if g == nil {
		return nil
	}
	out := make([]PodReport, 0, len(g.workers))
	for name, w := range g.workers {
		s := &w.state
		r := PodReport{
			Pod: name, Version: s.version, Generation: s.generation,
			Omissions: s.omissions, Program: s.program,
			Draining: s.draining, Refusal: s.refusal, Failure: s.failure,
		}
		if g.want != nil {
			r.Pending = s.tried == nil || s.tried.version != g.want.version || s.tried.generation != g.want.generation
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b PodReport) int { return cmp.Compare(a.Pod, b.Pod) })
	return out
}
