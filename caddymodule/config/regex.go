// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"regexp"
	"regexp/syntax"
)

// FullMatch compiles an RE2 expression that matches whole values only. It is the
// one reading of Regex in this package's types.
//
// The expression is printed from its parse tree before it is anchored, since
// pasting its text could change what it means: "a)|(b" would leave the group, and
// "\Qa" would quote its end.
func FullMatch(expression string) (*regexp.Regexp, error) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + tree.String() + `)\z`)
}
