// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package check finds what an API server would refuse in YAML, before there is one:
// keys that are there twice, unknown fields, values of the wrong type, and, of the
// kinds of the Gateway API and of Kubera, whatever their CRDs refuse.
package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/manifest/schema"
)

// Checker knows the kinds that there are. It is safe for concurrent use.
type Checker struct {
	crds  *schema.Registry
	typed runtime.Decoder
	types *runtime.Scheme
}

// New returns a Checker of the kinds of Kubernetes, of the Gateway API, of Kubera, and
// of those of others that this repository has objects of.
func New() (*Checker, error) {
	c := &Checker{types: runtime.NewScheme()}
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, gwv1.Install, v1alpha1.AddToScheme,
	} {
		if err := add(c.types); err != nil {
			return nil, fmt.Errorf("register types: %w", err)
		}
	}
	strict := jsonserializer.SerializerOptions{Strict: true}
	c.typed = jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, c.types, c.types, strict)
	var err error
	if c.crds, err = schema.Builtin(); err != nil {
		return nil, fmt.Errorf("read CRDs: %w", err)
	}
	return c, nil
}

// Stream checks documents that are objects, one after the other. It counts the objects.
// Errors name the document and the object.
func (c *Checker) Stream(ctx context.Context, data []byte) (objects int, errs []error) {
	documents, err := Documents(data)
	if err != nil {
		return 0, []error{err}
	}
	for i, document := range documents {
		found, problems := c.document(ctx, document)
		objects += found
		for _, problem := range problems {
			errs = append(errs, fmt.Errorf("document %d: %w", i+1, problem))
		}
	}
	return objects, errs
}

// Documents splits a stream and converts each document to JSON, strictly. Those that
// are empty are left out.
func Documents(data []byte) ([][]byte, error) {
	var documents [][]byte
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		converted, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", len(documents)+1, err)
		}
		if !bytes.Equal(converted, []byte("null")) {
			documents = append(documents, converted)
		}
	}
}

// header is what tells objects apart.
type header struct {
	APIVersion string
	Kind       string
	Metadata   struct{ Name, Namespace string }
}

func (c *Checker) document(ctx context.Context, data []byte) (objects int, errs []error) {
	var h header
	if err := json.Unmarshal(data, &h); err != nil || h.APIVersion == "" || h.Kind == "" {
		return 0, []error{errors.New("it is not an object: apiVersion and kind are missing")}
	}
	if h.Kind == "List" {
		return c.list(ctx, data)
	}
	gv, err := runtimeschema.ParseGroupVersion(h.APIVersion)
	if err != nil {
		return 1, []error{err}
	}
	gvk := gv.WithKind(h.Kind)
	if h.Metadata.Name == "" && !unnamed(gvk) {
		errs = append(errs, errors.New("metadata.name is missing"))
	}
	errs = append(errs, c.object(ctx, gvk, data)...)
	for i := range errs {
		errs[i] = fmt.Errorf("%s %s/%s: %w", h.Kind, h.Metadata.Namespace, h.Metadata.Name, errs[i])
	}
	return 1, errs
}

func (c *Checker) list(ctx context.Context, data []byte) (objects int, errs []error) {
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(data, &list); err != nil {
		return 0, []error{err}
	}
	for _, item := range list.Items {
		found, problems := c.document(ctx, item)
		objects += found
		errs = append(errs, problems...)
	}
	return objects, errs
}

func (c *Checker) object(ctx context.Context, gvk runtimeschema.GroupVersionKind, data []byte) []error {
	if make, ok := others[gvk]; ok {
		return strictly(data, make())
	}
	if _, ok := Unchecked[gvk]; ok {
		return nil
	}
	if !c.types.Recognizes(gvk) {
		return []error{fmt.Errorf("%s is not known: is it written right? If so, package check has to get to know it", gvk)}
	}
	if _, _, err := c.typed.Decode(data, nil, nil); err != nil {
		return []error{err}
	}
	kind := c.crds.Kind(gvk.GroupKind())
	if kind == nil {
		return nil
	}
	var object map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &object); err != nil {
		return []error{err}
	}
	if metadata, ok := object["metadata"].(map[string]any); ok && kind.Namespaced && metadata["namespace"] == nil {
		metadata["namespace"] = "default" // as kubectl does
	}
	var errs []error
	for _, err := range kind.Admit(ctx, object, gvk.Version) {
		errs = append(errs, err)
	}
	return errs
}

// strictly decodes what nobody has types of here.
func strictly(data []byte, into any) []error {
	problems, err := kjson.UnmarshalStrict(data, into)
	if err != nil {
		return []error{err}
	}
	return problems
}
