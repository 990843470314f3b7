// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command summarize prints in a few lines what a conformance report says.
package main

import (
	"fmt"
	"os"

	confv1 "sigs.k8s.io/gateway-api/conformance/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/test/conformance/report"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: summarize REPORT")
		os.Exit(2)
	}
	if err := summarize(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "summarize:", err)
		os.Exit(1)
	}
}

func summarize(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var r confv1.ConformanceReport
	if err := yaml.UnmarshalStrict(content, &r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return report.Summarize(os.Stdout, r)
}
