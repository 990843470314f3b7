// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package images

import (
	"encoding/json"
	"fmt"
	"strings"
)

// document is what is looked at of a CycloneDX document, which has the schema of
// https://cyclonedx.org/docs/.
type document struct {
	BOMFormat string `json:"bomFormat"`
	Metadata  struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components []component `json:"components"`
}

type component struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	PURL     string            `json:"purl"`
	Licenses []json.RawMessage `json:"licenses"`
}

// standardLibrary is the name that Go's own modules have. The tool tells no licence
// of it.
const standardLibrary = "std"

// BillProblems are what is wrong with a bill of materials in CycloneDX's JSON. Modules
// are import paths that it has to list.
func BillProblems(raw []byte, goVersion string, modules ...string) []string {
	var bill document
	if err := json.Unmarshal(raw, &bill); err != nil {
		return []string{fmt.Sprintf("no JSON: %v", err)}
	}
	var found []string
	complain := func(format string, arguments ...any) {
		found = append(found, fmt.Sprintf(format, arguments...))
	}
	if bill.BOMFormat != "CycloneDX" {
		complain("the format is %q", bill.BOMFormat)
	}
	if c := bill.Metadata.Component; c.Name != "github.com/kubera-dev/kubera" || len(c.Licenses) == 0 {
		complain("it is about %q with %d licences", c.Name, len(c.Licenses))
	}
	versions := map[string]string{}
	for _, c := range bill.Components {
		versions[c.Name] = c.Version
		if c.Version == "" || !strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@") {
			complain("%s has the version %q and the purl %q", c.Name, c.Version, c.PURL)
		}
		if len(c.Licenses) == 0 && c.Name != standardLibrary {
			complain("%s has no licence", c.Name)
		}
	}
	if got := versions[standardLibrary]; got != goVersion {
		complain("the version of Go is %q, not %q", got, goVersion)
	}
	for _, module := range modules {
		if versions[module] == "" {
			complain("%s is not listed", module)
		}
	}
	return found
}
