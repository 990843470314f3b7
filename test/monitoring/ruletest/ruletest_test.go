// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// The file holds expectations that promtool finds right, and, in the tests whose names
// begin with "wrong", ones that it finds wrong.
func TestRun(t *testing.T) {
	p := parser.NewParser(parser.Options{})
	file, err := Read("testdata/example.test.yaml", p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range file.Tests {
		test := &file.Tests[i]
		t.Run(test.Name, func(t *testing.T) {
			errs := file.Run(t.Context(), test, p)
			if !strings.HasPrefix(test.Name, "wrong") {
				for _, err := range errs {
					t.Error(err)
				}
				return
			}
			if len(errs) != len(test.Alerts) {
				t.Errorf("%d of %d expectations were found to be wrong: %v", len(errs), len(test.Alerts), errs)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	p := parser.NewParser(parser.Options{})
	for file, want := range map[string]string{
		"testdata/unknown.test.yaml": "promql_expr_test",
		"testdata/none.test.yaml":    "no such file",
		"testdata/broken.test.yaml":  "unclosed",
	} {
		if _, err := Read(file, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error about %s", file, err, want)
		}
	}
}
