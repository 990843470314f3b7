// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// Problems are those of the files, and those that the statuses tell, each at its
// place in the files, in the order of the files.
func (t *Translation) Problems() []manifest.Problem {
	problems := slices.Clone(t.Set.Problems)
	for _, status := range t.Statuses {
		for _, condition := range status.Conditions {
			if trouble(condition.Condition) && !followsUp(condition, status.Conditions) {
				problems = append(problems, conditionProblems(status.Object, condition)...)
			}
		}
	}
	problems = append(problems, unserved(t)...)
	problems = append(problems, t.keptOut...)
	return t.sorted(problems)
}

// sorted puts problems into the order of the files, those without a file first.
func (t *Translation) sorted(problems []manifest.Problem) []manifest.Problem {
	order := map[string]int{}
	for i, file := range t.Set.Files {
		order[file] = i + 1
	}
	slices.SortStableFunc(problems, func(a, b manifest.Problem) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(problems)
}

// trouble tells whether a condition says that something is wrong.
func trouble(c metav1.Condition) bool {
	switch c.Type {
	case string(gwv1.ListenerConditionConflicted),
		string(gwv1.ListenerConditionOverlappingTLSConfig),
		string(gwv1.RouteConditionPartiallyInvalid):
		return c.Status == metav1.ConditionTrue
	}
	return c.Status == metav1.ConditionFalse
}

// followsUp tells whether others of the object's conditions say what is wrong better:
// what is not accepted is not programmed, and a Gateway sums up its listeners.
func followsUp(c Condition, all []Condition) bool {
	switch c.Reason {
	case string(gwv1.GatewayReasonListenersNotValid), string(gwv1.GatewayReasonListenersNotResolved):
		return slices.ContainsFunc(all, func(other Condition) bool {
			return other.Scope != "" && trouble(other.Condition)
		})
	}
	return c.Type == string(gwv1.GatewayConditionProgrammed) && slices.ContainsFunc(all, func(other Condition) bool {
		return other.Scope == c.Scope && other.Type != c.Type && trouble(other.Condition)
	})
}

const fieldPath = `([a-zA-Z]+(?:\[\d+\])?(?:\.[a-zA-Z]+(?:\[\d+\])?)*): `

var (
	// furtherPlace is where the message of a condition goes on to another field,
	// named by its path within the object or its part.
	furtherPlace = regexp.MustCompile(`; ` + fieldPath)
	// namedPlace is a field that a message is about.
	namedPlace = regexp.MustCompile(`(?:^|: )` + fieldPath)
)

// conditionProblems gives one problem for each field that a condition names.
func conditionProblems(object *manifest.Object, c Condition) []manifest.Problem {
	starts := []int{0}
	for _, m := range furtherPlace.FindAllStringSubmatchIndex(c.Message, -1) {
		starts = append(starts, m[2])
	}
	problems := make([]manifest.Problem, 0, len(starts))
	for i, start := range starts {
		end := len(c.Message)
		if i+1 < len(starts) {
			end = starts[i+1] - len("; ")
		}
		message := c.Message[start:end]
		problems = append(problems, manifest.Problem{
			Position: conditionPosition(object, c.Field, message),
			Object:   object.Key,
			Message:  headline(c) + message,
			Note:     c.Type == string(gwv1.ListenerConditionOverlappingTLSConfig),
		})
	}
	return problems
}

func headline(c Condition) string {
	text := fmt.Sprintf("%s=%s (%s): ", c.Type, c.Status, c.Reason)
	if c.Scope != "" {
		return c.Scope + ": " + text
	}
	return text
}

// conditionPosition is that of the field which message names, in the part of the
// object that field stands for, in the spec or in the object, else that of field.
func conditionPosition(object *manifest.Object, field, message string) manifest.Position {
	if m := namedPlace.FindStringSubmatch(message); m != nil {
		for _, path := range []string{field + "." + m[1], "spec." + m[1], m[1]} {
			if at, ok := object.LookupField(path); ok {
				return at
			}
		}
	}
	return object.FieldPosition(field)
}
