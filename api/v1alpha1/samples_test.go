// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// An API server takes the samples, and there is one of each kind.
func TestSamples(t *testing.T) {
	crds := loadCRDs(t)
	files, err := filepath.Glob("../../config/samples/gateway_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var sample map[string]any
			if err := yaml.UnmarshalStrict(raw, &sample); err != nil {
				t.Fatal(err)
			}
			integers(sample)
			kind, _ := sample["kind"].(string)
			if !strings.Contains(filepath.Base(file), strings.ToLower(kind)) {
				t.Errorf("the file holds a %s", kind)
			}
			seen[kind] = true
			if errs := crds[kind].check(t, sample); len(errs) > 0 {
				t.Error(errs.ToAggregate())
			}
		})
	}
	for kind := range crds {
		if !seen[kind] {
			t.Errorf("no sample of %s", kind)
		}
	}
}
