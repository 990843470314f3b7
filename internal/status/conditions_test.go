// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	before = metav1.NewTime(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	now    = metav1.NewTime(time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC))
)

// condition is one of a generation, made at a time.
func condition(typ string, status metav1.ConditionStatus, generation int64, at metav1.Time) metav1.Condition {
	return metav1.Condition{Type: typ, Status: status, Reason: "Reason", ObservedGeneration: generation, LastTransitionTime: at}
}

func TestConditions(t *testing.T) {
	var never metav1.Time
	owned := []string{"Accepted", "Programmed", "Overlapping"}
	for _, tc := range []struct {
		name                 string
		existing, ours, want []metav1.Condition
	}{
		{
			name: "new conditions begin now, in their order",
			ours: []metav1.Condition{condition("Accepted", "True", 1, never), condition("Programmed", "False", 1, never)},
			want: []metav1.Condition{condition("Accepted", "True", 1, now), condition("Programmed", "False", 1, now)},
		},
		{
			name:     "the time stays where the status stays",
			existing: []metav1.Condition{condition("Accepted", "True", 1, before)},
			ours:     []metav1.Condition{condition("Accepted", "True", 2, never)},
			want:     []metav1.Condition{condition("Accepted", "True", 2, before)},
		},
		{
			name:     "a change of status begins now",
			existing: []metav1.Condition{condition("Accepted", "Unknown", 0, before)},
			ours:     []metav1.Condition{condition("Accepted", "True", 1, never)},
			want:     []metav1.Condition{condition("Accepted", "True", 1, now)},
		},
		{
			name:     "foreign conditions stay as they are and where they are",
			existing: []metav1.Condition{condition("example.com/Stale", "True", 9, before), condition("Accepted", "True", 1, before), condition("example.com/Other", "False", 0, never)},
			ours:     []metav1.Condition{condition("Programmed", "True", 1, never), condition("Accepted", "True", 1, never)},
			want: []metav1.Condition{
				condition("example.com/Stale", "True", 9, before), condition("Accepted", "True", 1, before),
				condition("example.com/Other", "False", 0, never), condition("Programmed", "True", 1, now),
			},
		},
		{
			name:     "ours that no longer hold are removed",
			existing: []metav1.Condition{condition("Overlapping", "True", 1, before), condition("Accepted", "True", 1, before)},
			ours:     []metav1.Condition{condition("Accepted", "True", 2, never)},
			want:     []metav1.Condition{condition("Accepted", "True", 2, before)},
		},
		{
			name:     "what was observed of a later generation is kept",
			existing: []metav1.Condition{condition("Accepted", "False", 3, before)},
			ours:     []metav1.Condition{condition("Accepted", "True", 2, never)},
			want:     []metav1.Condition{condition("Accepted", "False", 3, before)},
		},
		{
			name:     "what was observed of a later generation is not removed",
			existing: []metav1.Condition{condition("Overlapping", "True", 3, before), condition("Accepted", "True", 1, before)},
			ours:     []metav1.Condition{condition("Accepted", "True", 2, never)},
			want:     []metav1.Condition{condition("Overlapping", "True", 3, before), condition("Accepted", "True", 2, before)},
		},
		{
			name:     "a time that is missing is filled in",
			existing: []metav1.Condition{condition("Accepted", "True", 1, never)},
			ours:     []metav1.Condition{condition("Accepted", "True", 1, never)},
			want:     []metav1.Condition{condition("Accepted", "True", 1, now)},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Conditions(tc.existing, tc.ours, owned, now)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Conditions() differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestConditionsAreStable merges twice: the second time nothing changes.
func TestConditionsAreStable(t *testing.T) {
	var never metav1.Time
	ours := []metav1.Condition{condition("Accepted", "True", 4, never), condition("Programmed", "False", 4, never)}
	first := Conditions([]metav1.Condition{condition("Programmed", "True", 3, before)}, ours, nil, now)
	second := Conditions(first, ours, nil, metav1.NewTime(now.Add(time.Hour)))
	if !Equal(first, second) {
		t.Errorf("a second merge changed conditions:\n%s", cmp.Diff(first, second))
	}
}
