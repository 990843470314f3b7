// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "testing"

// TestMirrored shows series of those backends only that have got copies.
func TestMirrored(t *testing.T) {
	t.Parallel()
	m := New()
	s := m.NewSet()
	copied := s.Backend("copied")
	s.Backend("app").Count(OK)
	m.Use(s)
	expect(t, shown(t, m, "mirrored"))
	copied.CountMirror(MirrorOK)
	copied.CountMirror(MirrorDropped)
	copied.CountMirror(MirrorDropped)
	expect(t, shown(t, m, "mirrored"),
		`mirrored_requests_total{backend="copied",outcome="dropped"} 2`,
		`mirrored_requests_total{backend="copied",outcome="error"} 0`,
		`mirrored_requests_total{backend="copied",outcome="ok"} 1`,
		`mirrored_requests_total{backend="copied",outcome="timeout"} 0`,
	)
	var none *Backend
	none.CountMirror(MirrorOK)
}
