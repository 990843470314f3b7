// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rules says what a bundle has to be for the Operator Lifecycle Manager, for
// operator-sdk's bundle validate and scorecard, and for OperatorHub, and finds where one
// is not.
package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// The folders of a bundle, below the root of the repository.
const (
	manifests   = "bundle/manifests/"
	annotations = "bundle/metadata/annotations.yaml"
	scorecard   = "bundle/tests/scorecard/config.yaml"
	dockerfile  = "bundle.Dockerfile"
)

// Bundle is a bundle that was read.
type Bundle struct {
	// Files by their path, as they were given to Load.
	Files map[string][]byte
	// CSV is nil if there is none; rules other than the first then have nothing to say.
	CSV         *csv.ClusterServiceVersion
	CRDs        []apiextensionsv1.CustomResourceDefinition
	Objects     map[string]*unstructured.Unstructured
	Annotations map[string]string
	// Labels and Copies are those of the Dockerfile: what it copies, by where to.
	Labels, Copies map[string]string
	Scorecard      Scorecard
	// Examples are those of the annotation alm-examples; ExamplesErr says why they
	// could not be read.
	Examples    []*unstructured.Unstructured
	ExamplesErr error
}

// Load reads the files of a bundle, of which it changes none. What is no YAML, or has
// fields that the types don't know, is an error.
func Load(files map[string][]byte) (*Bundle, error) {
	b := &Bundle{Files: files, Objects: map[string]*unstructured.Unstructured{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := b.load(name, files[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if b.CSV != nil {
		b.ExamplesErr = json.Unmarshal([]byte(b.CSV.Annotations["alm-examples"]), &b.Examples)
	}
	return b, nil
}

func (b *Bundle) load(name string, raw []byte) error {
	switch {
	case name == annotations:
		var document struct {
			Annotations map[string]string `json:"annotations"`
		}
		err := decode(raw, &document)
		b.Annotations = document.Annotations
		return err
	case name == scorecard:
		return decode(raw, &b.Scorecard)
	case name == dockerfile:
		return b.loadDockerfile(string(raw))
	case path.Dir(name)+"/" == manifests:
		return b.loadManifest(name, raw)
	}
	return fmt.Errorf("no file of a bundle")
}

func (b *Bundle) loadManifest(name string, raw []byte) error {
	object := &unstructured.Unstructured{}
	if err := decode(raw, &object.Object); err != nil {
		return err
	}
	b.Objects[name] = object
	switch object.GetKind() {
	case csv.Kind:
		if b.CSV != nil {
			return fmt.Errorf("a second %s", csv.Kind)
		}
		b.CSV = &csv.ClusterServiceVersion{}
		return decode(raw, b.CSV)
	case "CustomResourceDefinition":
		var crd apiextensionsv1.CustomResourceDefinition
		err := decode(raw, &crd)
		b.CRDs = append(b.CRDs, crd)
		return err
	}
	return nil
}

// decode is as strict as an API server: a field in other letters is an unknown field.
func decode(raw []byte, into any) error {
	document, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		return err
	}
	unknown, err := kjson.UnmarshalStrict(document, into)
	return errors.Join(append(unknown, err)...)
}

// loadDockerfile reads one label a line, and copies of two paths.
func (b *Bundle) loadDockerfile(text string) error {
	b.Labels, b.Copies = map[string]string{}, map[string]string{}
	for line := range strings.Lines(text) {
		instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch instruction {
		case "LABEL":
			name, value, _ := strings.Cut(rest, "=")
			b.Labels[name] = value
		case "COPY":
			from, to, _ := strings.Cut(rest, " ")
			b.Copies[to] = from
		case "", "#":
		case "FROM":
			if rest != "scratch" {
				return fmt.Errorf("FROM %s: a bundle is FROM scratch", rest)
			}
		default:
			return fmt.Errorf("a bundle needs no %s", instruction)
		}
	}
	return nil
}

// Scorecard is the configuration of operator-sdk scorecard.
type Scorecard struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Stages []Stage `json:"stages"`
}

// Stage is a number of tests, which run at a time if it is parallel.
type Stage struct {
	Parallel bool   `json:"parallel"`
	Tests    []Test `json:"tests"`
}

// Test is a container with its arguments.
type Test struct {
	Image      string            `json:"image"`
	Entrypoint []string          `json:"entrypoint"`
	Labels     map[string]string `json:"labels"`
	Storage    struct {
		Spec struct {
			MountPath struct {
				Path string `json:"path,omitempty"`
			} `json:"mountPath"`
		} `json:"spec"`
	} `json:"storage"`
}
