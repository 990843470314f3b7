// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"
)

// Kustomization is a kustomization.yaml with the fields that this repository uses: one
// that is not here is taken for a mistake.
type Kustomization struct {
	APIVersion         string           `json:"apiVersion"`
	Kind               string           `json:"kind"`
	Namespace          string           `json:"namespace"`
	NamePrefix         string           `json:"namePrefix"`
	Resources          []string         `json:"resources"`
	Components         []string         `json:"components"`
	Configurations     []string         `json:"configurations"`
	Patches            []Patch          `json:"patches"`
	Images             []map[string]any `json:"images"`
	Labels             []map[string]any `json:"labels"`
	ConfigMapGenerator []struct {
		Name      string   `json:"name"`
		Namespace string   `json:"namespace"`
		Files     []string `json:"files"`
		Options   struct {
			DisableNameSuffixHash bool              `json:"disableNameSuffixHash"`
			Labels                map[string]string `json:"labels"`
		} `json:"options"`
	} `json:"configMapGenerator"`
}

// Patch is in the file Path, or in Patch itself.
type Patch struct {
	Path   string `json:"path"`
	Patch  string `json:"patch"`
	Target struct {
		Group string `json:"group"`
		Kind  string `json:"kind"`
		Name  string `json:"name"`
	} `json:"target"`
}

// operation of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

// transformers are a file of "configurations".
type transformers struct {
	NameReference []map[string]any `json:"nameReference"`
	Images        []map[string]any `json:"images"`
}

// Kustomize checks the kustomization.yaml in a directory, whose files it looks for. It
// returns the paths of those that are no objects, each checked as what it is.
func (c *Checker) Kustomize(directory string) (parts []string, errs []error) {
	data, err := os.ReadFile(filepath.Join(directory, "kustomization.yaml"))
	if err != nil {
		return nil, []error{err}
	}
	var k Kustomization
	if err := yaml.UnmarshalStrict(data, &k); err != nil {
		return nil, []error{err}
	}
	if want, ok := map[string]string{
		"Kustomization": "kustomize.config.k8s.io/v1beta1", "Component": "kustomize.config.k8s.io/v1alpha1",
	}[k.Kind]; !ok || k.APIVersion != want {
		errs = append(errs, fmt.Errorf("apiVersion %q, kind %q", k.APIVersion, k.Kind))
	}
	files := slices.Concat(k.Resources, k.Components)
	for _, g := range k.ConfigMapGenerator {
		files = append(files, g.Files...)
	}
	for _, file := range files {
		if _, err := os.Stat(filepath.Join(directory, file)); err != nil {
			errs = append(errs, err)
		}
	}
	for _, file := range k.Configurations {
		path := filepath.Join(directory, file)
		parts = append(parts, path)
		errs = append(errs, strictFile(path, new(transformers))...)
	}
	for i := range k.Patches {
		part, problems := c.patch(directory, &k.Patches[i])
		parts = append(parts, part...)
		errs = append(errs, problems...)
	}
	return parts, errs
}

// patch checks one that is a list of operations. The others are parts of objects.
func (c *Checker) patch(directory string, p *Patch) (parts []string, errs []error) {
	data := []byte(p.Patch)
	if p.Path != "" {
		path := filepath.Join(directory, p.Path)
		read, err := os.ReadFile(path)
		if err != nil {
			return nil, []error{err}
		}
		data, parts = read, []string{path}
	}
	var operations []operation
	converted, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return parts, []error{err}
	}
	if !bytes.HasPrefix(converted, []byte("[")) {
		return parts, []error{fmt.Errorf("%s: a patch that is no list of operations is not checked: write it as one", p.Path)}
	}
	if err := yaml.UnmarshalStrict(data, &operations); err != nil {
		return parts, []error{fmt.Errorf("%s: %w", p.Path, err)}
	}
	for _, o := range operations {
		if o.Path == "" || o.Op != "add" && o.Op != "replace" && o.Op != "remove" && o.Op != "test" {
			errs = append(errs, fmt.Errorf("%s: operation %q on %q", p.Path, o.Op, o.Path))
		}
	}
	return parts, errs
}

func strictFile(path string, into any) []error {
	data, err := os.ReadFile(path)
	if err != nil {
		return []error{err}
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		return []error{fmt.Errorf("%s: %w", path, err)}
	}
	return nil
}
