// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"fmt"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// Kind is a kind that a CRD defines.
type Kind struct {
	schema.GroupKind
	// Namespaced is false for cluster-scoped kinds.
	Namespaced bool
	// Served are the versions that an API server takes, in the order of the CRD.
	Served []string

	versions map[string]func() (*version, error)
}

// version is the compiled schema of one version of a kind.
type version struct {
	schema    *structural.Structural
	validator validation.SchemaValidator
	// rules is nil where the schema has no CEL rules.
	rules *cel.Validator
}

func newKind(def *apiextensionsv1.CustomResourceDefinition) *Kind {
	k := &Kind{
		GroupKind:  schema.GroupKind{Group: def.Spec.Group, Kind: def.Spec.Names.Kind},
		Namespaced: def.Spec.Scope == apiextensionsv1.NamespaceScoped,
		versions:   map[string]func() (*version, error){},
	}
	for _, v := range def.Spec.Versions {
		if !v.Served || v.Schema == nil {
			continue
		}
		k.Served = append(k.Served, v.Name)
		k.versions[v.Name] = sync.OnceValues(func() (*version, error) {
			return compile(v.Schema)
		})
	}
	return k
}

func (k *Kind) version(name string) (*version, error) {
	compiled, ok := k.versions[name]
	if !ok {
		return nil, fmt.Errorf("%s has no version %q", k.GroupKind, name)
	}
	v, err := compiled()
	if err != nil {
		return nil, fmt.Errorf("schema of %s version %s: %w", k.GroupKind, name, err)
	}
	return v, nil
}

func compile(in *apiextensionsv1.CustomResourceValidation) (*version, error) {
	var internal apiextensions.CustomResourceValidation
	err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(in, &internal, nil)
	if err != nil {
		return nil, err
	}
	s, err := structural.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(s); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &version{schema: s, validator: validator, rules: cel.NewValidator(s, true, celconfig.PerCallLimit)}, nil
}
