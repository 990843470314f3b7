// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A proxy of the first revision gets an access log of everything, as JSON if it has not
// the format, and no tracing.
func TestObservationForOlderProxies(t *testing.T) {
	share := &Fraction{Numerator: 1, Denominator: 10}
	c := &Config{Gateways: []Gateway{
		{ID: "a/detailed", AccessLog: &AccessLog{Format: LogDetailed, Sampling: share, SampleErrors: true}},
		{ID: "a/text", AccessLog: &AccessLog{Format: LogText, Sampling: share}},
		{ID: "a/traced", Tracing: &Tracing{Endpoint: "http://collector:4318", Attributes: []Attribute{{Name: "a", Value: "b"}}}},
	}}
	Seal(c)
	older, omissions := c.At(1)
	want := []Gateway{{ID: "a/detailed", AccessLog: &AccessLog{}}, {ID: "a/text", AccessLog: &AccessLog{Format: LogText}}, {ID: "a/traced"}}
	if diff := cmp.Diff(want, older.Gateways); diff != "" {
		t.Error(diff)
	}
	if len(omissions) == 0 || slices.ContainsFunc(omissions, func(o Omission) bool { return o.Absence != Harmless }) {
		t.Errorf("omitted are %v", omissions)
	}
	if same, none := c.At(2); same != c || none != nil {
		t.Errorf("a proxy of the second revision lacks %v", none)
	}
}
