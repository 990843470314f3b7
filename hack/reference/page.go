// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const preface = `<!-- written by "make manifests"; the text is that of api/v1alpha1 -->
# Reference

Every field of Kubera's kinds, from their CustomResourceDefinitions. Where a field begins to be one of Kubernetes'
own, its fields are folded up. A rule is what an API server, and ` + "`kubera run`" + `, refuse an object by, with the message that it
gives. [parameters.md](parameters.md) and [filters.md](filters.md) say what the kinds are for.
`

// page is the whole of it.
func page(crds []*apiextensions.CustomResourceDefinition) string {
	w := &writer{}
	w.line("%s", preface)
	w.line("| kind | short name | scope |")
	w.line("|---|---|---|")
	for _, crd := range crds {
		names := crd.Spec.Names
		w.line("| [%s](#%s) | `%s` | %s |", names.Kind, strings.ToLower(names.Kind), strings.Join(names.ShortNames, "`, `"), crd.Spec.Scope)
	}
	seen := map[string]apiextensions.JSONSchemaProps{}
	for _, crd := range crds {
		w.kind(crd, seen)
	}
	return w.text.String()
}

type writer struct{ text strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.text, format+"\n", args...) }

// kind writes about one kind. A spec that another kind has as well is written once: seen
// has those that were, by kind.
func (w *writer) kind(crd *apiextensions.CustomResourceDefinition, seen map[string]apiextensions.JSONSchemaProps) {
	kind := crd.Spec.Names.Kind
	for _, version := range crd.Spec.Versions {
		if !version.Served {
			continue
		}
		root := *version.Schema.OpenAPIV3Schema
		w.line("\n## %s\n", kind)
		w.line("`apiVersion: %s/%s`\n", crd.Spec.Group, version.Name)
		w.line("%s", prose(root.Description, "\n\n"))
		if rules := rules(root); len(rules) > 0 {
			w.line("\nOf the whole object:\n")
			for _, rule := range rules {
				w.line("* %s", rule)
			}
		}
		for _, part := range []string{"spec", "status"} {
			schema, ok := root.Properties[part]
			if !ok {
				continue
			}
			if twin := twinOf(schema, seen); twin != "" && part == "spec" {
				w.line("\n<a id=\"%s\"></a>`spec` is that of [%s](#%s).", anchor(kind, part), twin, anchor(twin, part))
				continue
			}
			if part == "spec" {
				seen[kind] = schema
			}
			w.table(field{kind: kind, path: part, schema: schema, required: contains(root.Required, part)})
		}
	}
}

// twinOf is the kind whose spec is the same.
func twinOf(schema apiextensions.JSONSchemaProps, seen map[string]apiextensions.JSONSchemaProps) string {
	for kind, other := range seen {
		if reflect.DeepEqual(schema, other) {
			return kind
		}
	}
	return ""
}

const tableHead = "\n| field | type | |\n|---|---|---|"

// table writes the rows of a field and of all within it, those of Kubernetes' types apart.
func (w *writer) table(top field) {
	w.line(tableHead)
	var folded []field
	top.walk(func(f field) bool {
		w.line("%s", f.row())
		if f.foreign() {
			folded = append(folded, f)
			return false
		}
		return true
	})
	for _, f := range folded {
		w.line("\n<details><summary>within <code>%s</code></summary>", f.path)
		w.line(tableHead)
		for _, child := range f.children() {
			child.walk(func(f field) bool {
				w.line("%s", f.row())
				return true
			})
		}
		w.line("\n</details>")
	}
}
