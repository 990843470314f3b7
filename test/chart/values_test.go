// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build chart

package chart

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yamlv3 "go.yaml.in/yaml/v3"
)

// value is one that users may give.
type value struct {
	// path such as "controller.image.tag".
	path string
	// explanation is the comment above it, in one line.
	explanation string
	fallback    any
}

// values are those of values.yaml, in its order. What has a comment is a value; what has
// none is a group of them.
func values(t *testing.T) []value {
	t.Helper()
	var document yamlv3.Node
	if err := yamlv3.Unmarshal(read(t, directory+"/values.yaml"), &document); err != nil {
		t.Fatal(err)
	}
	var found []value
	var walk func(mapping *yamlv3.Node, prefix string)
	walk = func(mapping *yamlv3.Node, prefix string) {
		for i := 0; i < len(mapping.Content); i += 2 {
			key, content := mapping.Content[i], mapping.Content[i+1]
			path := prefix + key.Value
			if key.HeadComment == "" && content.Kind == yamlv3.MappingNode && len(content.Content) > 0 {
				walk(content, path+".")
				continue
			}
			v := value{path: path}
			for line := range strings.Lines(key.HeadComment) {
				v.explanation += " " + strings.TrimSpace(strings.TrimPrefix(line, "#"))
			}
			v.explanation = strings.TrimSpace(v.explanation)
			if err := content.Decode(&v.fallback); err != nil {
				t.Fatal(err)
			}
			found = append(found, v)
		}
	}
	walk(document.Content[0], "")
	return found
}

func TestValuesAreExplained(t *testing.T) {
	all := values(t)
	if len(all) < 50 {
		t.Errorf("only %d values are found", len(all))
	}
	for _, v := range all {
		if !strings.HasSuffix(v.explanation, ".") {
			t.Errorf("the explanation of %s is no sentence: %q", v.path, v.explanation)
		}
	}
}

// schema is the part of a JSON schema that is looked at here.
type schema struct {
	Description          string
	Type                 any
	Properties           map[string]schema
	AdditionalProperties any
}

// TestSchemaDescribes: the schema has the values that there are, explains them in the same
// words, and lets no others in.
func TestSchemaDescribes(t *testing.T) {
	var whole schema
	if err := json.Unmarshal(read(t, directory+"/values.schema.json"), &whole); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"global": whole.Properties["global"].Description}
	for _, v := range values(t) {
		want[v.path] = v.explanation
	}
	have := map[string]string{}
	var walk func(s schema, prefix string)
	walk = func(s schema, prefix string) {
		if s.AdditionalProperties != false {
			t.Errorf("the schema of %q takes whatever one writes", strings.TrimSuffix(prefix, "."))
		}
		for name, property := range s.Properties {
			if property.Description == "" {
				walk(property, prefix+name+".")
				continue
			}
			have[prefix+name] = property.Description
		}
	}
	walk(whole, "")
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("- values.yaml, + values.schema.json:\n%s", diff)
	}
}
