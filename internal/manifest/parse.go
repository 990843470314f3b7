// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kubera-dev/kubera/internal/manifest/schema"
)

// File is what one file holds.
type File struct {
	// Objects that can be used, in the order of the file. There may be several
	// with the same Key.
	Objects []*Object
	// Problems in the order in which they were found.
	Problems []Problem
	// broken is true if the file may hold more objects than those named by
	// Objects and Problems, because a part of it could not be read.
	broken bool
}

// Parse reads the objects of one file. It never fails: what can't be used is a
// Problem. name is the file's name in positions.
func Parse(ctx context.Context, name string, data []byte) *File {
	p := parser{file: &File{}, ctx: ctx}
	kinds, err := schema.Builtin()
	if err != nil {
		p.broken(Problem{Position: Position{File: name}, Message: err.Error()})
		return p.file
	}
	p.kinds = kinds
	for offset, doc := range documents(data) {
		at := place{file: name, offset: offset, lines: bytes.Count(doc, []byte("\n")) + 1}
		value, tree, err := parseDocument(doc)
		if err != nil {
			p.broken(syntaxProblem(at, err))
		} else {
			p.value(value, at.with(tree))
		}
		if p.full(at) {
			break
		}
	}
	return p.file
}

type parser struct {
	ctx   context.Context
	kinds *schema.Registry
	file  *File
	// stopped is set once nothing more of the file is read.
	stopped bool
	// serious are the Problems that are more than notes.
	serious int
}

// full tells whether to read no more of the file: there is too much in it, or
// nobody waits for it.
func (p *parser) full(at place) bool {
	var reason string
	switch {
	case p.stopped:
		return true
	case p.ctx.Err() != nil:
		reason = p.ctx.Err().Error()
	case p.serious >= maxProblems:
		reason = fmt.Sprintf("%d problems", p.serious)
	case len(p.file.Objects) >= maxObjects:
		reason = fmt.Sprintf("more than %d objects: split the file", maxObjects-1)
	default:
		return false
	}
	p.stopped = true
	p.broken(Problem{Position: at.position(), Message: "not read further: " + reason})
	return true
}

func (p *parser) report(problem Problem) {
	if !problem.Note {
		p.serious++
	}
	p.file.Problems = append(p.file.Problems, problem)
}

func (p *parser) broken(problem Problem) {
	p.file.broken = true
	p.report(problem)
}

// value reads an object or a list of them.
func (p *parser) value(value any, at place) {
	object, ok := value.(map[string]any)
	if !ok {
		p.broken(Problem{Position: at.position(), Message: "not an object: expected a mapping with apiVersion and kind"})
		return
	}
	kind, _ := object["kind"].(string)
	if items, ok := object["items"].([]any); ok && strings.HasSuffix(kind, "List") {
		for i, item := range items {
			inner := at.item("items", i)
			if p.value(item, inner); p.full(inner) {
				return
			}
		}
		return
	}
	p.object(object, at)
}

// object reads one object.
func (p *parser) object(object map[string]any, at place) {
	key, gv, errs := identify(object)
	if len(errs) > 0 {
		p.file.broken = true
		p.refuse(key, at, errs)
		return
	}
	kind := p.kind(key)
	if kind == nil {
		p.report(Problem{
			Position: at.position(), Object: key, Note: true,
			Message: fmt.Sprintf("ignored: %s of %s is not used here", key.Kind, cmp.Or(key.Group, "the core group")),
		})
		return
	}
	key.Namespace = setNamespace(object, kind.namespaced)
	if !slices.Contains(kind.served, gv.Version) {
		p.refuse(key, at, field.ErrorList{invalid("apiVersion",
			fmt.Sprintf("no version %q of this kind; there is %s", gv.Version, strings.Join(kind.served, ", ")))})
		return
	}
	value, errs := kind.read(p.ctx, object)
	if len(errs) > 0 {
		p.refuse(key, at, errs)
		return
	}
	p.file.Objects = append(p.file.Objects, &Object{Key: key, Value: value, place: at})
}

func (p *parser) refuse(key Key, at place, errs field.ErrorList) {
	for _, err := range errs {
		position, _ := at.field(err.Field)
		p.report(Problem{Position: position, Object: key, Field: err.Field, Message: fieldMessage(err)})
	}
}

// kind gives what reads objects of a kind, or nil.
func (p *parser) kind(key Key) *kind {
	gk := runtimeschema.GroupKind{Group: key.Group, Kind: key.Kind}
	if core, ok := coreKinds[gk]; ok {
		return &core
	}
	custom, known := customKinds[gk]
	defined := p.kinds.Kind(gk)
	if !known || defined == nil {
		return nil
	}
	return &kind{namespaced: defined.Namespaced, served: defined.Served, read: custom.reader(defined)}
}

// identify finds out which object this is. Even with errors the Key holds what is known.
func identify(object map[string]any) (Key, runtimeschema.GroupVersion, field.ErrorList) {
	var errs field.ErrorList
	text := func(from map[string]any, name, path string) string {
		value, present := from[name]
		s, ok := value.(string)
		if present && !ok {
			errs = append(errs, field.TypeInvalid(field.NewPath(path), field.OmitValueType{}, "must be a string; quote it"))
		}
		return s
	}
	required := func(value, path string) {
		if value == "" && len(errs) == 0 {
			errs = append(errs, field.Required(field.NewPath(path), ""))
		}
	}
	key := Key{Kind: text(object, "kind", "kind")}
	apiVersion := text(object, "apiVersion", "apiVersion")
	if meta, ok := object["metadata"].(map[string]any); ok {
		key.Name = text(meta, "name", "metadata.name")
		key.Namespace = text(meta, "namespace", "metadata.namespace")
	} else if object["metadata"] != nil {
		errs = append(errs, field.TypeInvalid(field.NewPath("metadata"), field.OmitValueType{}, "must be a mapping"))
	}
	required(apiVersion, "apiVersion")
	required(key.Kind, "kind")
	gv, err := runtimeschema.ParseGroupVersion(apiVersion)
	if err != nil {
		errs = append(errs, field.Invalid(field.NewPath("apiVersion"), apiVersion, "must be VERSION or GROUP/VERSION"))
	}
	key.Group = gv.Group
	required(key.Name, "metadata.name")
	return key, gv, errs
}

// setNamespace gives an object the namespace that it is in, and returns it. The
// namespace of a cluster-scoped object is dropped, as API servers do.
func setNamespace(object map[string]any, namespaced bool) string {
	meta, ok := object["metadata"].(map[string]any)
	if !ok {
		return ""
	}
	if !namespaced {
		delete(meta, "namespace")
		return ""
	}
	namespace, _ := meta["namespace"].(string)
	namespace = cmp.Or(namespace, metav1.NamespaceDefault)
	meta["namespace"] = namespace
	return namespace
}
