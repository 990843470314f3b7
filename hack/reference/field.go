// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// field is a place in the schema of a kind.
type field struct {
	kind, path string
	schema     apiextensions.JSONSchemaProps
	required   bool
}

// foreignFields are those whose types are Kubernetes' own.
var foreignFields = []string{
	"affinity", "behavior", "imagePullSecrets", "metrics", "resources", "strategy", "tolerations", "topologySpreadConstraints",
}

// foreign: the fields within it are described by Kubernetes.
func (f field) foreign() bool {
	name := f.path[strings.LastIndex(f.path, ".")+1:]
	return contains(foreignFields, strings.TrimSuffix(name, "[]")) && len(f.children()) > 0
}

// children are the fields of an object, or of the items of a list, or of the values of a
// map, in alphabetical order.
func (f field) children() []field {
	schema, path := f.schema, f.path
	for {
		switch {
		case schema.Items != nil && schema.Items.Schema != nil:
			schema, path = *schema.Items.Schema, path+"[]"
			continue
		case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
			schema, path = *schema.AdditionalProperties.Schema, path+".*"
			continue
		}
		break
	}
	var children []field
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		children = append(children, field{
			kind: f.kind, path: path + "." + name, schema: schema.Properties[name], required: contains(schema.Required, name),
		})
	}
	return children
}

// walk visits the field and those within it for which visit says so.
func (f field) walk(visit func(field) bool) {
	if !visit(f) {
		return
	}
	for _, child := range f.children() {
		child.walk(visit)
	}
}

// anchor is what links to a field name.
func anchor(kind, path string) string {
	path = strings.NewReplacer(".", "-", "[]", "", "-*", "", "*", "").Replace(path)
	return strings.ToLower(kind) + "-" + strings.ToLower(strings.Trim(path, "-"))
}

// row of the table.
func (f field) row() string {
	parts := []string{prose(f.schema.Description, "<br><br>")}
	if f.required {
		parts = append([]string{"**Required.**"}, parts...)
	}
	parts = append(parts, limits(f.schema)...)
	for _, rule := range rules(f.schema) {
		parts = append(parts, "Rule: "+rule)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return fmt.Sprintf("| <a id=\"%s\"></a>`%s` | %s | %s |",
		anchor(f.kind, f.path), f.path, cell(typeOf(f.schema)), cell(strings.Join(parts, "<br>")))
}

// cell keeps a text within its column.
func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "|", `\|`)
}

// prose is a description with its paragraphs, which separator is between. What looks like
// Markdown or HTML in it is meant as it is.
func prose(text, separator string) string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		paragraph = strings.Join(strings.Fields(paragraph), " ")
		paragraph = strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(paragraph)
		paragraphs = append(paragraphs, paragraph)
	}
	return strings.Join(paragraphs, separator)
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
