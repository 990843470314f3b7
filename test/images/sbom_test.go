// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images_test

import (
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/test/images"
)

const bill = `{
	"bomFormat": "CycloneDX",
	"metadata": {"component": {"name": "github.com/kubera-dev/kubera", "licenses": [{"license": {"id": "Apache-2.0"}}]}},
	"components": [
		{"name": "example.test/a", "version": "v1.0.0", "purl": "pkg:golang/example.test/a@v1.0.0?type=module", "licenses": [{"license": {"id": "MIT"}}]},
		{"name": "std", "version": "go1.26.8", "purl": "pkg:golang/std@go1.26.8"}
	]
}`

func TestBill(t *testing.T) {
	if problems := images.BillProblems([]byte(bill), "go1.26.8", "example.test/a"); len(problems) > 0 {
		t.Error(problems)
	}
}

func TestBadBills(t *testing.T) {
	for want, change := range map[string][2]string{
		"no JSON":                       {bill, "{"},
		`the format is "SPDX"`:          {"CycloneDX", "SPDX"},
		`it is about "other"`:           {"github.com/kubera-dev/kubera", "other"},
		"with 0 licences":               {`[{"license": {"id": "Apache-2.0"}}]`, "[]"},
		"example.test/a has no licence": {`[{"license": {"id": "MIT"}}]`, "[]"},
		`the version ""`:                {`"version": "v1.0.0"`, `"version": ""`},
		`the purl "pkg:npm/a"`:          {"pkg:golang/example.test/a@v1.0.0?type=module", "pkg:npm/a"},
		`the version of Go is "go1.25"`: {`"version": "go1.26.8"`, `"version": "go1.25"`},
		"example.test/a is not listed":  {"example.test/a", "example.test/b"},
	} {
		changed := strings.ReplaceAll(bill, change[0], change[1])
		problems := strings.Join(images.BillProblems([]byte(changed), "go1.26.8", "example.test/a"), "; ")
		if !strings.Contains(problems, want) {
			t.Errorf("want a problem with %q, have %q", want, problems)
		}
	}
}
