// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"slices"
	"testing"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// testCase is a conformance test, or one of specCases. Its objects are in testdata/NAME.yaml.
type testCase struct {
	name      string
	exchanges []exchange
	// status is what statuses say apart from being healthy, by fact.
	status map[string]string
	// then are changes, one after the other.
	then []step
}

// step changes objects, and everything is checked again.
type step struct {
	what      string
	change    func(*snapshot.Snapshot)
	exchanges []exchange
	status    map[string]string
}

// TestConformance runs the cases of all tables.
func TestConformance(t *testing.T) {
	s := newSite(t)
	for _, c := range slices.Concat(listenerCases, listenerSetCases, routeCases, matchCases, filterCases, corsCases, retryCases, backendCases, referenceCases, statusCases, grpcCases, specCases) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, s)
		})
	}
}

func (c testCase) run(t *testing.T, s *site) {
	objects := s.read(t, c.name).Snapshot
	plane := newDataPlane(t)
	plane.clientCertificates = s.clientCertificates
	steps := append([]step{{change: func(*snapshot.Snapshot) {}, exchanges: c.exchanges, status: c.status}}, c.then...)
	for _, step := range steps {
		step.change(objects)
		result := plane.serve(t, objects)
		factsOf(t, objects, result).check(t, step.status)
		for _, e := range step.exchanges {
			plane.check(t, e)
		}
		if t.Failed() {
			t.Fatalf("not after %q", step.what)
		}
	}
}
