// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            x-kubernetes-validations: [{rule: "self.min <= self.max", message: "min must not be above max"}]
            properties:
              min: {type: integer, default: 1}
              max: {type: integer, default: 9}
              color: {type: string, enum: [red, blue], default: red}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, required: [name], properties: {name: {type: string}}}
          status:
            type: object
            default: {phase: New}
            properties: {phase: {type: string}}
  - name: v1alpha1
    served: true
    storage: false
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {min: {type: integer}, old: {type: string}}
  - name: v0
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object}}
`

func widget(t *testing.T) *Kind {
	t.Helper()
	r, err := NewRegistry(fstest.MapFS{"widgets.yaml": {Data: []byte(widgets)}})
	if err != nil {
		t.Fatal(err)
	}
	k := r.Kind(schema.GroupKind{Group: "example.com", Kind: "Widget"})
	if k == nil || !k.Namespaced {
		t.Fatalf("kind %+v", k)
	}
	return k
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := utilyaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAdmit(t *testing.T) {
	k := widget(t)
	if diff := cmp.Diff([]string{"v1", "v1alpha1"}, k.Served); diff != "" {
		t.Error(diff)
	}
	o := object(t, `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, labels: null}, spec: {min: 2}, status: {phase: Old}}`)
	if errs := k.Admit(t.Context(), o, "v1"); len(errs) > 0 {
		t.Fatal(errs)
	}
	want := object(t, `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, generation: 1}, spec: {min: 2, max: 9, color: red}}`)
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

// TestAdmitConverts: what v1 does not know is dropped, what it adds gets its default.
func TestAdmitConverts(t *testing.T) {
	o := object(t, `{apiVersion: example.com/v1alpha1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {min: 2, old: x}}`)
	if errs := widget(t).Admit(t.Context(), o, "v1"); len(errs) > 0 {
		t.Fatal(errs)
	}
	want := object(t, `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, generation: 1}, spec: {min: 2, max: 9, color: red}}`)
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
}

func TestAdmitRefuses(t *testing.T) {
	k := widget(t)
	for name, test := range map[string]struct{ text, want string }{
		"version that is not served": {`{apiVersion: example.com/v0, kind: Widget, metadata: {name: w, namespace: demo}}`, "apiVersion"},
		"odd version":                {`{apiVersion: a/b/c, kind: Widget, metadata: {name: w, namespace: demo}}`, "apiVersion"},
		"no metadata":                {`{apiVersion: example.com/v1, kind: Widget, spec: {}}`, "metadata"},
		"metadata of a wrong type":   {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, labels: [a]}, spec: {}}`, "metadata.labels"},
		"unknown metadata":           {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, nam: x}, spec: {}}`, "metadata.nam"},
		"invalid label":              {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo, labels: {"a b": c}}, spec: {}}`, "metadata.labels"},
		"no namespace":               {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {}}`, "metadata.namespace"},
		"unknown field":              {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {mid: 3}}`, "spec.mid"},
		"field missing":              {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}}`, "spec"},
		"wrong type":                 {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {min: "2"}}`, "spec.min"},
		"value out of an enum":       {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {color: pink}}`, "spec.color"},
		"duplicate in a map list":    {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {parts: [{name: a}, {name: a}]}}`, "spec.parts[1]"},
		"CEL rule with a default":    {`{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: demo}, spec: {min: 10}}`, "spec"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := k.Admit(t.Context(), object(t, test.text), "v1")
			if len(errs) == 0 || errs[0].Field != test.want {
				t.Errorf("want a problem with %s, have %v", test.want, errs)
			}
		})
	}
}

// TestBuiltin compiles every schema that comes with the program.
func TestBuiltin(t *testing.T) {
	r, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.kinds) < 14 {
		t.Errorf("only %d kinds", len(r.kinds))
	}
	for gk, k := range r.kinds {
		for _, v := range k.Served {
			if _, err := k.version(v); err != nil {
				t.Errorf("%s %s: %v", gk, v, err)
			}
		}
	}
}

func TestRegistryRefuses(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no YAML":        {"a.yaml": {Data: []byte("a: [")}},
		"a kind twice":   {"a.yaml": {Data: []byte(widgets)}, "b.yaml": {Data: []byte(widgets)}},
		"unknown fields": {"a.yaml": {Data: []byte(widgets + "more: true\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewRegistry(files); err == nil {
				t.Error("taken")
			}
		})
	}
}
