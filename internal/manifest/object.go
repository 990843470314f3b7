// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Key names an object.
type Key struct {
	Group, Kind, Namespace, Name string
}

// String is "Kind namespace/name", or "Kind name" where there is no namespace.
func (k Key) String() string {
	kind := cmp.Or(k.Kind, "object")
	switch {
	case k.Name == "":
		return kind
	case k.Namespace == "":
		return kind + " " + k.Name
	}
	return kind + " " + k.Namespace + "/" + k.Name
}

// Object is an object that was read. It must not be modified.
type Object struct {
	Key
	// Value is a pointer to one of the types that snapshot.Snapshot holds.
	Value metav1.Object

	place place
}

// Position where the object begins. The File is empty for an object that no file
// defines.
func (o *Object) Position() Position {
	return o.FieldPosition("")
}

// FieldPosition is that of a field such as "spec.rules[0].matches", or of the
// innermost part of it that the file has.
func (o *Object) FieldPosition(path string) Position {
	at, _ := o.LookupField(path)
	return at
}

// LookupField is FieldPosition, and tells whether the file has the whole path.
func (o *Object) LookupField(path string) (Position, bool) {
	if o.place.file == "" {
		return Position{}, false
	}
	return o.place.field(path)
}
