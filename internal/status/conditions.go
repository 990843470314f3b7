// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Conditions merges ours into existing. owned are all types of conditions that we
// ever set on such an object: those among existing that are not in ours are
// removed. The time of the last transition is kept where the status did not
// change, and now otherwise. A condition that was observed at a later generation
// than ours is kept, and so is one that we would remove: we looked at an older
// object.
func Conditions(existing, ours []metav1.Condition, owned []string, now metav1.Time) []metav1.Condition {
	generation := int64(0)
	for _, c := range ours {
		generation = max(generation, c.ObservedGeneration)
	}
	merged := make([]metav1.Condition, 0, len(existing)+len(ours))
	for _, old := range existing {
		i := slices.IndexFunc(ours, func(c metav1.Condition) bool { return c.Type == old.Type })
		switch {
		case i >= 0:
			merged = append(merged, transition(old, ours[i], now))
		case !slices.Contains(owned, old.Type), old.ObservedGeneration > generation:
			merged = append(merged, old)
		}
	}
	for _, c := range ours {
		if !slices.ContainsFunc(existing, func(old metav1.Condition) bool { return old.Type == c.Type }) {
			c.LastTransitionTime = now
			merged = append(merged, c)
		}
	}
	return merged
}

func transition(old, ours metav1.Condition, now metav1.Time) metav1.Condition {
	if old.ObservedGeneration > ours.ObservedGeneration {
		return old
	}
	ours.LastTransitionTime = now
	if old.Status == ours.Status && !old.LastTransitionTime.IsZero() {
		ours.LastTransitionTime = old.LastTransitionTime
	}
	return ours
}
