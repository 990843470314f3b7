// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package hello

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// TestAdmitted: an API server would take the objects as they are.
func TestAdmitted(t *testing.T) {
	file := manifest.Parse(t.Context(), "hello.yaml", []byte(Gateway(8080)+Route))
	for _, problem := range file.Problems {
		t.Error(problem)
	}
	var kinds []string
	for _, object := range file.Objects {
		kinds = append(kinds, object.Key.Kind)
	}
	if diff := cmp.Diff([]string{"Gateway", "HTTPRoute", "StaticResponseFilter"}, kinds); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
