// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// Admit does with obj what an API server does that is asked to create it with
// strict field validation, and then to read it back in the version to: it drops
// the status (also the
// default one), fills in defaults, sets the generation to 1 where there is none, and
// converts by changing the apiVersion, which is the only conversion of these CRDs.
// It changes obj. If obj is refused, the errors say why and obj is of no use.
//
// obj has the form that JSON decodes into, with whole numbers as int64. Its kind
// must be k and its version one of k.Served.
func (k *Kind) Admit(ctx context.Context, obj map[string]any, to string) field.ErrorList {
	apiVersion, _ := obj["apiVersion"].(string)
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("apiVersion"), apiVersion, err.Error())}
	}
	given, err := k.version(gv.Version)
	if err != nil {
		return field.ErrorList{field.Invalid(field.NewPath("apiVersion"), apiVersion, err.Error())}
	}
	delete(obj, "status")

	meta, errs := k.metadata(obj)
	errs = append(errs, given.prune(obj)...)
	if len(errs) > 0 {
		return errs
	}
	if err := objectmeta.SetObjectMeta(obj, meta); err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("metadata"), err)}
	}
	defaulting.Default(obj, given.schema)
	if errs := given.validate(ctx, obj, meta, k.Namespaced); len(errs) > 0 {
		return errs
	}

	defer delete(obj, "status")
	if to == gv.Version {
		return nil
	}
	obj["apiVersion"] = schema.GroupVersion{Group: k.Group, Version: to}.String()
	wanted, err := k.version(to)
	if err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("apiVersion"), err)}
	}
	pruning.Prune(obj, wanted.schema, true)
	defaulting.Default(obj, wanted.schema)
	return nil
}

var wrongType = regexp.MustCompile(`^cannot unmarshal ([a-z]+).* Go struct field ObjectMeta\.([^ ]+) of type (.*)$`)

// metadata decodes the metadata strictly.
func (k *Kind) metadata(obj map[string]any) (*metav1.ObjectMeta, field.ErrorList) {
	path := field.NewPath("metadata")
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(obj, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	switch {
	case err != nil:
		message := strings.TrimPrefix(err.Error(), "json: ")
		if m := wrongType.FindStringSubmatch(message); m != nil {
			path, message = path.Child(m[2]), fmt.Sprintf("must be of type %s, not %s", m[3], m[1])
		}
		return nil, field.ErrorList{field.TypeInvalid(path, field.OmitValueType{}, message)}
	case !found:
		return nil, field.ErrorList{field.Required(path, "")}
	}
	if !k.Namespaced {
		meta.Namespace = ""
	}
	meta.ManagedFields = nil
	if meta.Generation == 0 {
		meta.Generation = 1
	}
	return meta, unknownFields(unknown)
}

// prune finds unknown fields, and removes nulls that stand for absent values.
func (v *version) prune(obj map[string]any) field.ErrorList {
	opts := structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown := pruning.PruneWithOptions(obj, v.schema, true, opts)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, v.schema)
	return unknownFields(unknown)
}

func (v *version) validate(ctx context.Context, obj map[string]any, meta *metav1.ObjectMeta, namespaced bool) field.ErrorList {
	errs := apivalidation.ValidateObjectMeta(meta, namespaced, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, obj, v.validator)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, v.schema, obj)...)
	// CEL rules may fail in odd ways on values of the wrong type or size, so
	// they run on what else is well-formed, as in an API server.
	if v.rules == nil || slices.ContainsFunc(errs, blocksRules) {
		return errs
	}
	broken, _ := v.rules.Validate(ctx, nil, v.schema, obj, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, broken...)
}

func blocksRules(err *field.Error) bool {
	switch err.Type {
	case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
		return true
	}
	return false
}

func unknownFields(paths []string) field.ErrorList {
	errs := make(field.ErrorList, 0, len(paths))
	for _, path := range paths {
		path = strings.TrimPrefix(path, ".")
		errs = append(errs, &field.Error{
			Type: field.ErrorTypeInvalid, Field: path, BadValue: field.OmitValueType{}, Detail: "unknown field",
		})
	}
	return errs
}
