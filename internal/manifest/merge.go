// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"slices"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Set is the objects of some files. It must not be modified.
type Set struct {
	// Snapshot holds the Objects.
	Snapshot *snapshot.Snapshot
	// Objects in the order of files and lines, each Key once, those that no file
	// defines last.
	Objects []*Object
	// Problems in the order of files and lines.
	Problems []Problem
	// Kept are the Objects that a Loader kept in their last good form.
	Kept []*Object
	// Files that were read, and Folders in which more may appear.
	Files, Folders []string

	byKey map[Key]*Object
}

// Merge makes one set of the objects of files. Of objects with the same Key the
// first counts and the others are Problems.
func Merge(files []*File) *Set {
	s := &Set{Snapshot: &snapshot.Snapshot{}, byKey: map[Key]*Object{}}
	for _, file := range files {
		problems := slices.Clone(file.Problems)
		for _, object := range file.Objects {
			if first, ok := s.byKey[object.Key]; ok {
				problems = append(problems, Problem{
					Position: object.Position(), Object: object.Key,
					Message: fmt.Sprintf("defined already at %s, which is the one that counts", first.Position()),
				})
				continue
			}
			s.add(object)
		}
		slices.SortStableFunc(problems, func(a, b Problem) int { return comparePositions(a.Position, b.Position) })
		s.Problems = append(s.Problems, problems...)
	}
	s.assume()
	return s
}

func (s *Set) add(object *Object) {
	s.byKey[object.Key] = object
	s.Objects = append(s.Objects, object)
	s.Snapshot.Add(object.Value)
}

// Find gives the object with the key, or nil.
func (s *Set) Find(key Key) *Object {
	return s.byKey[key]
}

// Bad tells whether there is a Problem that is more than a note.
func (s *Set) Bad() bool {
	return slices.ContainsFunc(s.Problems, func(p Problem) bool { return !p.Note })
}
