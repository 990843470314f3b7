// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// TestNotes takes what helm says after an installation as people would: it is applied as it
// is, and nothing of it is refused.
func TestNotes(t *testing.T) {
	install := exec.CommandContext(t.Context(), tool(t, "HELM"), "install", "edge", directory, "--namespace", "gateways",
		"--dry-run=client", "--set", "gatewayClass.name=edge")
	out, err := install.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, notes, found := strings.Cut(string(out), "\nNOTES:\n")
	if !found {
		t.Fatal("helm says nothing")
	}
	for _, want := range []string{
		"doesn't have the CRDs of the Gateway API", "edge-kubera-controller-manager", "gatewayClassName: edge\n",
		"kubectl get gateway web -o jsonpath='{.status.addresses[0].value}'",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is not in the notes:\n%s", want, notes)
		}
	}
	_, documents, _ := strings.Cut(notes, "<<EOF\n")
	documents, _, _ = strings.Cut(documents, "  EOF\n")
	file := manifest.Parse(t.Context(), "NOTES.txt", []byte(strings.ReplaceAll("\n"+documents, "\n  ", "\n")))
	for _, problem := range file.Problems {
		t.Error(problem)
	}
	if len(file.Objects) != 3 {
		t.Errorf("there are %d objects to apply, want a Gateway, a filter and a route", len(file.Objects))
	}
}
