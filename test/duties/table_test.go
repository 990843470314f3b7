// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// group is about types, fields or constants whose comments say the same.
type group struct {
	// In are what it is about, "Gateway", "GatewaySpec.Listeners" or the name of a
	// constant.
	In     []string `json:"in"`
	Duties []*duty  `json:"duties"`
}

// duty is an entry for a sentence.
type duty struct {
	// Quote is a part of the sentence.
	Quote string `json:"quote"`
	// Tests that cover it.
	Tests []string `json:"tests,omitempty"`
	// For whom it is, if not for us.
	For string `json:"for,omitempty"`
	Why string `json:"why,omitempty"`
}

// addressees of demands that are not for us.
var addressees = map[string]string{
	"users":     "who write objects; CRDs refuse what they can",
	"others":    "implementations that made another choice, which the sentence leaves open",
	"mesh":      "implementations for service meshes",
	"designers": "of the Gateway API, of policies and of CRDs",
	"services":  "that are called, such as external authorization servers",
	"readers":   "to explain something; a must or should that demands nothing",
}

// readTable gives all groups.
func readTable(t *testing.T) []group {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no table below testdata: %v", err)
	}
	var all []group
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var groups []group
		if err := yaml.UnmarshalStrict(data, &groups); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, groups...)
	}
	return all
}

// wrong says what is wrong with an entry by itself, or nothing.
func (d *duty) wrong() string {
	switch {
	case strings.Join(strings.Fields(d.Quote), " ") != d.Quote || d.Quote == "":
		return "the quote must be one line with single spaces"
	case (len(d.Tests) > 0) == (d.For != ""):
		return "exactly one of tests and for must be set"
	case d.For != "" && addressees[d.For] == "":
		return "for: " + d.For + " is not one of the addressees"
	}
	return ""
}
