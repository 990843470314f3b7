// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"strings"
)

// newer is what came after a revision.
type newer struct {
	fields map[reflect.Type]map[string]Absence // by name in JSON
	values map[reflect.Type]map[string]Absence
	// holds remembers within.
	holds map[reflect.Type]bool
}

func newerThan(revision int, list []addition) *newer {
	n := &newer{
		fields: map[reflect.Type]map[string]Absence{}, values: map[reflect.Type]map[string]Absence{},
		holds: map[reflect.Type]bool{},
	}
	for _, a := range list {
		if a.revision <= revision {
			continue
		}
		at, name := n.fields, a.field
		if name == "" {
			at, name = n.values, a.value
		}
		if at[a.of] == nil {
			at[a.of] = map[string]Absence{}
		}
		at[a.of][name] = a.absence
	}
	return n
}

// within says whether a value of the type can hold something that is newer. Most
// can't, and need no look.
func (n *newer) within(t reflect.Type) bool {
	holds, known := n.holds[t]
	if known {
		return holds
	}
	holds = n.fields[t] != nil || n.values[t] != nil
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		holds = holds || n.within(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			holds = holds || n.within(f.Type)
		}
	}
	n.holds[t] = holds
	return holds
}

// stripper takes what is newer out of one object after the other.
type stripper struct {
	*newer

	omissions []Omission

	// Of the present object:
	object string
	path   []string
	closes bool
}

// at begins with an object, or with a part of it.
func (s *stripper) at(object string, path ...string) *stripper {
	s.object, s.path, s.closes = object, path, false
	return s
}

// strip returns v without what is newer, and whether it then has to be closed. What
// did not change is shared.
func strip[T any](s *stripper, v T) (T, bool) {
	if !s.within(reflect.TypeFor[T]()) {
		return v, false
	}
	out, _ := s.value(reflect.ValueOf(v))
	return out.Interface().(T), s.closes
}

// value returns v, or what takes its place.
func (s *stripper) value(v reflect.Value) (out reflect.Value, changed bool) {
	if !s.within(v.Type()) {
		return v, false
	}
	switch v.Kind() {
	case reflect.String:
		if absence, ok := s.values[v.Type()][v.String()]; ok {
			s.omit(absence)
			return reflect.Zero(v.Type()), true
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		elem, changed := s.value(v.Elem())
		if changed {
			out = reflect.New(v.Type().Elem())
			out.Elem().Set(elem)
			return out, true
		}
	case reflect.Slice:
		return s.slice(v)
	case reflect.Struct:
		return s.fieldsOf(v)
	}
	return v, false
}

func (s *stripper) slice(v reflect.Value) (out reflect.Value, changed bool) {
	out = v
	for i := range v.Len() {
		last := len(s.path) - 1
		name := s.path[last]
		s.path[last] = fmt.Sprintf("%s[%d]", name, i)
		elem, differs := s.value(v.Index(i))
		s.path[last] = name
		if !differs {
			continue
		}
		if !changed {
			out, changed = reflect.MakeSlice(v.Type(), v.Len(), v.Len()), true
			reflect.Copy(out, v)
		}
		out.Index(i).Set(elem)
	}
	return out, changed
}

func (s *stripper) fieldsOf(v reflect.Value) (out reflect.Value, changed bool) {
	out = v
	t := v.Type()
	depth := len(s.path)
	for i := range t.NumField() {
		name := jsonName(t.Field(i))
		s.path = append(s.path[:depth], name)
		field, differs := s.field(v.Field(i), s.fields[t][name])
		if !differs {
			continue
		}
		if !changed {
			out, changed = reflect.New(t).Elem(), true
			out.Set(v)
		}
		out.Field(i).Set(field)
	}
	s.path = s.path[:depth]
	return out, changed
}

// field returns nothing in place of one that is newer, which has an absence.
func (s *stripper) field(v reflect.Value, absence Absence) (out reflect.Value, changed bool) {
	switch {
	case absence == 0:
		return s.value(v)
	case v.IsZero():
		return v, false
	}
	s.omit(absence)
	return reflect.Zero(v.Type()), true
}

func (s *stripper) omit(absence Absence) {
	s.omissions = append(s.omissions, Omission{Object: s.object, Field: strings.Join(s.path, "."), Absence: absence})
	s.closes = s.closes || absence == Closes
}

// jsonName is the name of a field in JSON.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
