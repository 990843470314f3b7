// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// coreKinds are built into an API server. They have no schemas that one could
// embed, so decoding is strict, and the rules that matter to a gateway are checked
// here.
var coreKinds = map[runtimeschema.GroupKind]kind{
	{Kind: "Namespace"}: clusterScoped(rules[*corev1.Namespace]{validation.ValidateNamespaceName, readNamespace}),
	{Kind: "Service"}:   namespaced(rules[*corev1.Service]{validation.NameIsDNSLabel, readService}),
	{Kind: "ConfigMap"}: namespaced(rules[*corev1.ConfigMap]{validation.NameIsDNSSubdomain, readConfigMap}),
	{Kind: "Secret"}:    {namespaced: true, served: coreVersions, read: readSecret},
	{Group: discoveryv1.GroupName, Kind: "EndpointSlice"}: namespaced(
		rules[*discoveryv1.EndpointSlice]{validation.NameIsDNSSubdomain, readEndpointSlice}),
}

var coreVersions = []string{"v1"}

// rules are what one kind differs in from another.
type rules[P any] struct {
	name validation.ValidateNameFunc
	// finish fills in defaults and checks what is particular to the kind.
	finish func(P) field.ErrorList
}

type object[T any] interface {
	*T
	metav1.Object
}

func namespaced[T any, P object[T]](r rules[P]) kind {
	return kind{namespaced: true, served: coreVersions, read: func(_ context.Context, object map[string]any) (metav1.Object, field.ErrorList) {
		value, errs := read(object, r.finish)
		if len(errs) > 0 {
			return nil, errs
		}
		return value, validation.ValidateObjectMetaAccessor(value, true, r.name, field.NewPath("metadata"))
	}}
}

func clusterScoped[T any, P object[T]](r rules[P]) kind {
	return kind{served: coreVersions, read: func(_ context.Context, object map[string]any) (metav1.Object, field.ErrorList) {
		value, errs := read(object, r.finish)
		if len(errs) > 0 {
			return nil, errs
		}
		return value, validation.ValidateObjectMetaAccessor(value, false, r.name, field.NewPath("metadata"))
	}}
}

// read decodes an object without its status, which is not what a person asks for.
func read[T any, P object[T]](object map[string]any, finish func(P) field.ErrorList) (P, field.ErrorList) {
	delete(object, "status")
	value := P(new(T))
	if errs := decode(object, value); len(errs) > 0 {
		return nil, errs
	}
	value.SetManagedFields(nil)
	return value, finish(value)
}

var wrongType = regexp.MustCompile(`^json: cannot unmarshal ([a-z]+).* Go struct field [^. ]+\.([^ ]+) of type (.*)$`)

// decode is strict. Its errors do not repeat values.
func decode(object map[string]any, into any) field.ErrorList {
	data, err := json.Marshal(object)
	if err != nil {
		return field.ErrorList{invalid("", err.Error())}
	}
	strict, err := kjson.UnmarshalStrict(data, into)
	if err != nil {
		if m := wrongType.FindStringSubmatch(err.Error()); m != nil {
			return field.ErrorList{invalid(m[2], fmt.Sprintf("must be of type %s, not %s", m[3], m[1]))}
		}
		return field.ErrorList{invalid("", strings.TrimPrefix(err.Error(), "json: "))}
	}
	var errs field.ErrorList
	for _, err := range strict {
		path, message := "", err.Error()
		if in, ok := errors.AsType[kjson.FieldError](err); ok {
			path = in.FieldPath()
			message = strings.TrimSuffix(message, fmt.Sprintf(" %q", path))
		}
		errs = append(errs, invalid(path, message))
	}
	return errs
}

// invalid is an error that does not name the value.
func invalid(path, message string) *field.Error {
	return &field.Error{Type: field.ErrorTypeInvalid, Field: path, BadValue: field.OmitValueType{}, Detail: message}
}

func readNamespace(ns *corev1.Namespace) field.ErrorList {
	if ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	ns.Labels[corev1.LabelMetadataName] = ns.Name
	return nil
}

func readConfigMap(m *corev1.ConfigMap) field.ErrorList {
	size := 0
	var errs field.ErrorList
	for key, value := range m.Data {
		size += len(value)
		errs = append(errs, dataKey("data", key)...)
	}
	for key, value := range m.BinaryData {
		size += len(value)
		errs = append(errs, dataKey("binaryData", key)...)
		if _, ok := m.Data[key]; ok {
			errs = append(errs, invalid(fmt.Sprintf("binaryData[%s]", key), "the key is in data, too"))
		}
	}
	return append(errs, tooLarge(size)...)
}
