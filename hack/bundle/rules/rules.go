// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
)

// Rule is one thing that a bundle has to be.
type Rule struct {
	Name string
	// Check returns what is wrong, nothing if all is well.
	Check func(*Bundle) []string
}

// All are the rules, by whom they matter to: the format of bundles, the lifecycle
// manager and bundle validate, OperatorHub, good practice, Kubera itself, the scorecard.
func All() []Rule {
	return slices.Concat(formatRules, installRules, definitionRules, exampleRules, hubRules, practiceRules, scorecardRules)
}

// Check returns what the rules find, each with the rule's name.
func Check(b *Bundle) []string {
	var broken []string
	for _, r := range All() {
		for _, problem := range r.Check(b) {
			broken = append(broken, r.Name+": "+problem)
		}
	}
	return broken
}

// problems collects sentences.
type problems []string

func (p *problems) add(format string, arguments ...any) {
	*p = append(*p, fmt.Sprintf(format, arguments...))
}

// needs complains of values that are empty.
func (p *problems) needs(values map[string]string) {
	for name, value := range values {
		if value == "" {
			p.add("%s is missing", name)
		}
	}
}
