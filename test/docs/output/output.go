// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package output compares what a program printed with what a page says that it prints.
package output

import (
	"regexp"
	"slices"
	"strings"
)

// Ellipsis is a line of a page that stands for any number of lines.
const Ellipsis = "..."

// varying is all that may differ between two runs of one command. Nothing else may.
var varying = []struct {
	what *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`\b[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\b`), "DATE"},
	{regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\[\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000\]`), "[DATE]"},
	{regexp.MustCompile(`("duration":|" )\d+\.[0-9e-]+\b`), `${1}DURATION`},
	{regexp.MustCompile(`"span_id":"[0-9a-f]{16}"`), "SPAN"},
	// The version of a configuration.
	{regexp.MustCompile(`\bversion [0-9a-f]{8}\b`), "version VERSION"},
	{regexp.MustCompile(`\bcurl/\d+(\.\d+)+`), "curl/VERSION"},
	{regexp.MustCompile(`\bsha256:[0-9a-f]{64}\b`), "DIGEST"},
	// Pods of a Deployment have two parts of their names from Kubernetes.
	{regexp.MustCompile(`-[0-9a-z]{8,10}-[0-9a-z]{5}\b`), "-POD"},
	// Of the pool of the test cluster's load balancers, and of its Services and pods.
	{regexp.MustCompile(`\b198\.1[89]\.\d{1,3}\.\d{1,3}\b`), "ADDRESS"},
	{regexp.MustCompile(`(\d+):3\d{4}/(TCP|UDP)\b`), "$1:NODEPORT/$2"},
	// The system chooses the port that a connection comes from.
	{regexp.MustCompile(`:\d{5}->`), ":PORT->"},
	// The age in a table of kubectl.
	{regexp.MustCompile(`(  +)(\d+[dhms])+(  |$)`), "${1}AGE$3"},
	// Columns are as wide as what is in them.
	{regexp.MustCompile(`(\S)  +`), "$1  "},
}

// Lines are those of a text, with all that may differ replaced by its name.
func Lines(text string) []string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r", ""), " \n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, " \t")
		for _, v := range varying {
			line = v.what.ReplaceAllString(line, v.name)
		}
		lines[i] = line
	}
	return lines
}

// Matches reports whether have is what want says. Both are of Lines.
func Matches(want, have []string) bool {
	for i, line := range want {
		if line == Ellipsis {
			for skip := range len(have) - i + 1 {
				if Matches(want[i+1:], have[i+skip:]) {
					return true
				}
			}
			return false
		}
		if i >= len(have) || line != have[i] {
			return false
		}
	}
	return len(have) == len(want)
}

// Begins reports whether have begins as want says, whatever comes then.
func Begins(want, have []string) bool {
	return Matches(append(slices.Clip(want), Ellipsis), have)
}
