// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// scorecardRules are the configuration of operator-sdk scorecard, and what its tests
// look for.
var scorecardRules = []Rule{
	{"scorecard-config", scorecardConfig},
	{"basic-check-spec", withCSV(checkSpec)},
	{"olm-crds-have-validation", withCSV(crdsHaveValidation)},
	{"olm-crds-have-resources", withCSV(crdsHaveResources)},
	{"olm-spec-descriptors", withCSV(specDescriptors)},
	{"olm-status-descriptors", withCSV(statusDescriptors)},
}

var scorecardTests = []string{
	"basic-check-spec", "olm-bundle-validation", "olm-crds-have-validation", "olm-crds-have-resources",
	"olm-spec-descriptors", "olm-status-descriptors",
}

func scorecardConfig(b *Bundle) []string {
	var p problems
	s := b.Scorecard
	if s.APIVersion != "scorecard.operatorframework.io/v1alpha3" || s.Kind != "Configuration" || s.Metadata.Name != "config" {
		p.add("it is %s %s %q", s.APIVersion, s.Kind, s.Metadata.Name)
	}
	if len(s.Stages) != 1 || !s.Stages[0].Parallel {
		p.add("want one stage that is parallel")
		return p
	}
	missing := slices.Clone(scorecardTests)
	for _, t := range s.Stages[0].Tests {
		if len(t.Entrypoint) != 2 || t.Entrypoint[0] != "scorecard-test" {
			p.add("the entrypoint is %q", t.Entrypoint)
			continue
		}
		name := t.Entrypoint[1]
		missing = slices.DeleteFunc(missing, func(n string) bool { return n == name })
		suite, _, _ := strings.Cut(name, "-")
		if t.Labels["suite"] != suite || t.Labels["test"] != name+"-test" {
			p.add("%s has the labels %v", name, t.Labels)
		}
		if t.Image != s.Stages[0].Tests[0].Image || !strings.HasPrefix(t.Image, "quay.io/operator-framework/scorecard-test:v") {
			p.add("%s has the image %q", name, t.Image)
		}
	}
	if len(missing) > 0 {
		p.add("no test runs %q", missing)
	}
	return p
}

func checkSpec(b *Bundle) []string {
	var p problems
	for _, e := range b.Examples {
		if spec, _ := e.Object["spec"].(map[string]any); len(spec) == 0 {
			p.add("%s %s has no spec", e.GetKind(), e.GetName())
		}
	}
	return p
}

func crdsHaveValidation(b *Bundle) []string {
	var p problems
	for k, v := range served(b) {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil || len(v.Schema.OpenAPIV3Schema.Properties["spec"].Properties) == 0 {
			p.add("%s %s has no schema of its spec", k.kind, k.version)
		}
	}
	return p
}

func crdsHaveResources(b *Bundle) []string {
	var p problems
	for _, d := range b.CSV.Spec.CustomResourceDefinitions.Owned {
		if len(d.Resources) == 0 {
			p.add("%s has no resources", d.Kind)
		}
		for _, r := range d.Resources {
			if r.Kind == "" || r.Version == "" {
				p.add("%s has a resource without kind or version", d.Kind)
			}
		}
	}
	return p
}

// specDescriptors: each field of the spec has one, whether or not an example sets it.
func specDescriptors(b *Bundle) []string {
	return described(b, "spec", func(d csv.Definition) []csv.Descriptor { return d.SpecDescriptors })
}

func statusDescriptors(b *Bundle) []string {
	return described(b, "status", func(d csv.Definition) []csv.Descriptor { return d.StatusDescriptors })
}

func described(b *Bundle, part string, descriptors func(csv.Definition) []csv.Descriptor) []string {
	var p problems
	list := owned(b)
	for k, v := range served(b) {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		for field := range v.Schema.OpenAPIV3Schema.Properties[part].Properties {
			if !slices.ContainsFunc(descriptors(list[k]), func(d csv.Descriptor) bool { return d.Path == field }) {
				p.add("%s.%s of %s has no descriptor", part, field, k.kind)
			}
		}
	}
	return p
}
