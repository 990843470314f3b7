// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report tells in a few lines what a conformance report says.
package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"
)

// Summarize writes a line for each profile and level, with the tests that failed
// and the features that are not claimed.
func Summarize(w io.Writer, r confv1.ConformanceReport) error {
	fmt.Fprintf(w, "\nGateway API %s, %s channel\n\n", r.GatewayAPIVersion, r.GatewayAPIChannel)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROFILE\tLEVEL\tRESULT\tPASSED\tFAILED\tSKIPPED")
	for _, p := range r.ProfileReports {
		line(table, p.Name, "core", p.Core)
		if p.Extended != nil {
			line(table, p.Name, "extended", p.Extended.Status)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, p := range r.ProfileReports {
		list(w, p.Name+" failed", p.Core.FailedTests)
		if p.Extended != nil {
			list(w, p.Name+" extended failed", p.Extended.FailedTests)
			list(w, p.Name+" unsupported", p.Extended.UnsupportedFeatures)
		}
	}
	return nil
}

func line(w io.Writer, profile, level string, s confv1.Status) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\n", profile, level, s.Result, s.Passed, s.Failed, s.Skipped)
}

func list(w io.Writer, what string, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(w, "\n%s:\n  %s\n", what, strings.Join(names, "\n  "))
	}
}
