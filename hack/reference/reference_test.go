// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const sample = `
spec:
  group: example.com
  scope: Cluster
  names: {kind: Thing, shortNames: [th, tg]}
  versions:
  - name: v0
    served: false
  - name: v1
    served: true
    schema:
      openAPIV3Schema:
        description: A thing.
        x-kubernetes-validations:
        - {rule: "self.a\n || self.b", message: "a or b"}
        required: [spec]
        properties:
          spec:
            type: object
            properties:
              list:
                type: array
                maxItems: 4
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string, enum: [a, b], default: a}
              labels:
                type: object
                minProperties: 1
                additionalProperties: {type: string, maxLength: 63, minLength: 1}
              port:
                x-kubernetes-int-or-string: true
                description: |-
                  The port,
                  a <number>.

                  Or a_name.
              share: {type: number, minimum: 0.5, maximum: 10000000}
              choice: {type: string, pattern: "a|b"}
              affinity: {type: object, properties: {deep: {type: string}}}
              free: {x-kubernetes-preserve-unknown-fields: true}
`

func sampleCRD(t *testing.T) *apiextensions.CustomResourceDefinition {
	t.Helper()
	crd := &apiextensions.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict([]byte(sample), crd); err != nil {
		t.Fatal(err)
	}
	return crd
}

func TestPage(t *testing.T) {
	twin := sampleCRD(t)
	twin.Spec.Names.Kind = "Twin"
	have := strings.TrimPrefix(page([]*apiextensions.CustomResourceDefinition{sampleCRD(t), twin}), preface)
	want := `
| kind | short name | scope |
|---|---|---|
| [Thing](#thing) | §th§, §tg§ | Cluster |
| [Twin](#twin) | §th§, §tg§ | Cluster |

## Thing

§apiVersion: example.com/v1§

A thing.

Of the whole object:

* §self.a || self.b§: a or b

| field | type | |
|---|---|---|
| <a id="thing-spec"></a>§spec§ | object | **Required.** |
| <a id="thing-spec-affinity"></a>§spec.affinity§ | object |  |
| <a id="thing-spec-choice"></a>§spec.choice§ | string | Pattern: §a\|b§ |
| <a id="thing-spec-free"></a>§spec.free§ | any |  |
| <a id="thing-spec-labels"></a>§spec.labels§ | map of string | at least 1 entries<br>Each: 1 to 63 characters |
| <a id="thing-spec-list"></a>§spec.list§ | list of object | at most 4 items<br>Key of the list: §name§ |
| <a id="thing-spec-list-name"></a>§spec.list[].name§ | string | **Required.**<br>Default: §"a"§<br>One of §a§, §b§ |
| <a id="thing-spec-port"></a>§spec.port§ | integer or string | The port, a &lt;number&gt;.<br><br>Or a\_name. |
| <a id="thing-spec-share"></a>§spec.share§ | number | 0.5 to 10000000 |

<details><summary>within <code>spec.affinity</code></summary>

| field | type | |
|---|---|---|
| <a id="thing-spec-affinity-deep"></a>§spec.affinity.deep§ | string |  |

</details>

## Twin

§apiVersion: example.com/v1§

A thing.

Of the whole object:

* §self.a || self.b§: a or b

<a id="twin-spec"></a>§spec§ is that of [Thing](#thing-spec).
`
	if diff := cmp.Diff(strings.ReplaceAll(want, "§", "`"), have); diff != "" {
		t.Error(diff)
	}
}

// TestNothingIsLeftOut looks for every field and every rule of Kubera's kinds in the page.
func TestNothingIsLeftOut(t *testing.T) {
	paths, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("%d CRDs, %v", len(paths), err)
	}
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	reference := string(text)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if message, ok := strings.CutPrefix(strings.TrimSpace(line), "message: "); ok {
				if words := strings.Trim(message, "'"); !strings.Contains(reference, prose(words, " ")) {
					t.Errorf("%s: no rule says %q", filepath.Base(path), words)
				}
			}
		}
		crd := &apiextensions.CustomResourceDefinition{}
		if err := yaml.Unmarshal(data, crd); err != nil {
			t.Fatal(err)
		}
		root := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, name := range slices.Sorted(maps.Keys(root.Properties)) {
			if name != "spec" && name != "status" {
				continue
			}
			field{path: name, schema: root.Properties[name]}.walk(func(f field) bool {
				if !strings.Contains(reference, "`"+f.path+"`") {
					t.Errorf("%s: there is no %s", filepath.Base(path), f.path)
				}
				return true
			})
		}
	}
}

func TestRunWantsOneFolder(t *testing.T) {
	for _, args := range [][]string{nil, {"a", "b"}, {t.TempDir()}} {
		if err := run(args); err == nil {
			t.Errorf("no error for %q", args)
		}
	}
}
