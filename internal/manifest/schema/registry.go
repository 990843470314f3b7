// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/config/crd"
)

//go:embed crds/*.yaml
var gatewayAPI embed.FS

// Registry finds kinds by name. It is safe for concurrent use.
type Registry struct {
	kinds map[schema.GroupKind]*Kind
}

// Builtin gives the kinds of the Gateway API and of Kubera. The schemas are
// compiled when first used, since those of one kind take tens of milliseconds.
var Builtin = sync.OnceValues(func() (*Registry, error) {
	return NewRegistry(gatewayAPI, crd.Bases)
})

// NewRegistry reads every YAML file, at any depth, as one CustomResourceDefinition.
func NewRegistry(files ...fs.FS) (*Registry, error) {
	r := &Registry{kinds: map[schema.GroupKind]*Kind{}}
	for _, fsys := range files {
		err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(fsys, path)
			if err != nil {
				return err
			}
			if err := r.add(data); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Registry) add(data []byte) error {
	var def apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(data, &def); err != nil {
		return err
	}
	kind := newKind(&def)
	if _, ok := r.kinds[kind.GroupKind]; ok {
		return fmt.Errorf("%s is defined twice", kind.GroupKind)
	}
	r.kinds[kind.GroupKind] = kind
	return nil
}

// Kind with the name, or nil.
func (r *Registry) Kind(gk schema.GroupKind) *Kind {
	return r.kinds[gk]
}
