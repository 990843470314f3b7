// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"path"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubera-dev/kubera/internal/manifest/schema"
)

// exampleRules are about the objects that consoles offer to start from.
var exampleRules = []Rule{
	{"examples-json", withCSV(examplesJSON)},
	{"examples-of-owned", withCSV(examplesOfOwned)},
	{"examples-valid", withCSV(examplesValid)},
}

func examplesJSON(b *Bundle) []string {
	var p problems
	if b.ExamplesErr != nil {
		p.add("alm-examples is no JSON array of objects: %v", b.ExamplesErr)
	}
	return p
}

// examplesOfOwned: each owned kind has one, and no other.
func examplesOfOwned(b *Bundle) []string {
	var p problems
	missing := map[string]bool{}
	groups := map[string]string{}
	for _, crd := range b.CRDs {
		groups[crd.Name] = crd.Spec.Group
	}
	for k := range owned(b) {
		missing[groups[k.crd]+"/"+k.version+" "+k.kind] = true
	}
	seen := map[string]bool{}
	for _, e := range b.Examples {
		name := e.GetAPIVersion() + " " + e.GetKind()
		if !missing[name] && !seen[name] {
			p.add("%s is not owned", name)
		}
		delete(missing, name)
		seen[name] = true
	}
	for name := range missing {
		p.add("there is none of %s", name)
	}
	return p
}

// examplesValid: an API server that has the bundle's CRDs takes them. It is asked by its
// own code, rules in CEL included.
func examplesValid(b *Bundle) []string {
	var p problems
	files := fstest.MapFS{}
	for name, object := range b.Objects {
		if object.GetKind() == "CustomResourceDefinition" {
			files[path.Base(name)] = &fstest.MapFile{Data: b.Files[name]}
		}
	}
	registry, err := schema.NewRegistry(files)
	if err != nil {
		p.add("the CRDs are not valid: %v", err)
		return p
	}
	for _, e := range b.Examples {
		kind := registry.Kind(e.GroupVersionKind().GroupKind())
		if kind == nil {
			continue // reported by examples-of-owned
		}
		// It is changed by being admitted, and has numbers as YAML reads them.
		object := runtime.DeepCopyJSON(e.Object)
		if kind.Namespaced {
			object["metadata"].(map[string]any)["namespace"] = "default"
		}
		for _, err := range kind.Admit(context.Background(), object, e.GroupVersionKind().Version) {
			p.add("%s %s: %v", e.GetKind(), e.GetName(), err)
		}
	}
	return p
}
