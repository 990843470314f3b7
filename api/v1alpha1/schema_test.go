// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

// crd checks objects as a kube-apiserver does: defaults, schema, CEL.
type crd struct {
	definition *apiextensions.CustomResourceDefinition
	structural *schema.Structural
	schema     validation.SchemaValidator
	cel        *cel.Validator
}

// loadCRDs reads the generated CRDs, by kind.
func loadCRDs(t *testing.T) map[string]*crd {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no generated CRDs (run make manifests): %v", err)
	}
	crds := map[string]*crd{}
	for _, file := range files {
		c := loadCRD(t, file)
		crds[c.definition.Spec.Names.Kind] = c
	}
	return crds
}

func loadCRD(t *testing.T, file string) *crd {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v1 apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(raw, &v1); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	scheme := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := apiextensions.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	scheme.Default(&v1)
	var definition apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&v1, &definition, nil); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	definition.Status.StoredVersions = []string{v1alpha1.GroupVersion.Version}
	props := definition.Spec.Validation
	if props == nil {
		props = definition.Spec.Versions[0].Schema
	}
	structural, err := schema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	validator, _, err := validation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return &crd{
		definition: &definition,
		structural: structural,
		schema:     validator,
		cel:        cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}
}

// check returns what an API server says to the object. It sets its defaults.
func (c *crd) check(t *testing.T, object map[string]any) field.ErrorList {
	t.Helper()
	pruned := runtime.DeepCopyJSON(object)
	if unknown := pruning.PruneWithOptions(pruned, c.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}); len(unknown) > 0 {
		t.Fatalf("the sample has unknown fields: %v", unknown)
	}
	defaulting.Default(object, c.structural)
	errs := validation.ValidateCustomResource(nil, object, c.schema)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, object)...)
	if len(errs) > 0 {
		return errs
	}
	errs, _ = c.cel.Validate(t.Context(), nil, c.structural, object, nil, math.MaxInt64)
	return errs
}

// object makes an object of kind with the spec, a YAML document.
func object(t *testing.T, kind, spec string) map[string]any {
	t.Helper()
	var s map[string]any
	if err := yaml.UnmarshalStrict([]byte(spec), &s); err != nil {
		t.Fatalf("sample: %v\n%s", err, spec)
	}
	if s == nil {
		s = map[string]any{}
	}
	integers(s)
	return map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       kind,
		"metadata":   map[string]any{"name": "sample"},
		"spec":       s,
	}
}

// integers turns whole float64, which YAML gives, into int64, as an API server
// has them.
func integers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range maps.Clone(v) {
			v[k] = integers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = integers(e)
		}
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	}
	return v
}

// An API server takes the CRDs: they are structural, and the rules compile and
// stay within the cost budget.
func TestCRDsAreValid(t *testing.T) {
	for kind, c := range loadCRDs(t) {
		t.Run(kind, func(t *testing.T) {
			if errs := crdvalidation.ValidateCustomResourceDefinition(t.Context(), c.definition); len(errs) > 0 {
				t.Error(errs.ToAggregate())
			}
		})
	}
}

// The CRD file must fit into the annotation that kubectl apply writes.
func TestCRDsFitIntoTheLastAppliedAnnotation(t *testing.T) {
	const limit = 256 << 10
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no generated CRDs: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		json, err := yaml.YAMLToJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(json) > limit*9/10 {
			t.Errorf("%s is %d bytes as JSON, near the limit of %d", filepath.Base(file), len(json), limit)
		}
	}
}

func TestNamesOfKinds(t *testing.T) {
	want := map[string]string{
		v1alpha1.KindGatewayClassParameters: "Cluster gwcp",
		v1alpha1.KindGatewayParameters:      "Namespaced gwp",
		v1alpha1.KindStaticResponseFilter:   "Namespaced srf",
		v1alpha1.KindAccessControlFilter:    "Namespaced acf",
	}
	crds := loadCRDs(t)
	if len(crds) != len(want) {
		t.Errorf("%d CRDs, want %d", len(crds), len(want))
	}
	for kind, scopeAndShort := range want {
		spec := crds[kind].definition.Spec
		if got := fmt.Sprintf("%s %s", spec.Scope, spec.Names.ShortNames[0]); got != scopeAndShort {
			t.Errorf("%s: %q, want %q", kind, got, scopeAndShort)
		}
		if got := fmt.Sprint(spec.Names.Categories); got != "[gateway-api kubera]" {
			t.Errorf("%s: categories %s", kind, got)
		}
	}
}
