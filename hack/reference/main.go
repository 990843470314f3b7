// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command reference writes the reference of Kubera's kinds, in Markdown, from their
// CustomResourceDefinitions.
//
//	go run ./hack/reference FOLDER >docs/reference.md
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: reference FOLDER, which has the CustomResourceDefinitions")
	}
	paths, err := filepath.Glob(filepath.Join(args[0], "*.yaml"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s has no YAML", args[0])
	}
	var crds []*apiextensions.CustomResourceDefinition
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		crd := &apiextensions.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, crd); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		crds = append(crds, crd)
	}
	_, err = os.Stdout.WriteString(page(crds))
	return err
}
