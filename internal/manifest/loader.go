// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"slices"
)

// Loader reads files again and again. A file whose content is the same is not
// parsed again. What is broken in a file that was read before keeps its last good
// form: an object that is now refused, and, if a document can't be read at all, each
// object of the file that is no longer found in it. So does a file that is empty,
// which is what one is for a moment that is written in place. An object or a file
// that was taken out is gone, and one that another file defines now is taken from
// there.
//
// A Loader is not safe for concurrent use.
type Loader struct {
	// Paths as List takes them.
	Paths []string
	// Stdin is read once, if a path is Stdin.
	Stdin io.Reader

	files map[string]*loaded
}

// loaded is the last state of a file.
type loaded struct {
	sum  [sha256.Size]byte
	file *File
	// kept are objects of an earlier state, listed last in file.Objects.
	kept []*Object
}

// Load reads all files and merges them.
func (l *Loader) Load(ctx context.Context) *Set {
	listing := List(l.Paths)
	if l.files == nil {
		l.files = map[string]*loaded{}
	}
	files := make([]*File, 0, len(listing.Files)+1)
	files = append(files, &File{Problems: listing.Problems})
	current := make(map[string]*loaded, len(listing.Files))
	for _, path := range listing.Files {
		state := l.load(ctx, path, l.files[path])
		current[path] = state
	}
	moved(current)
	for _, path := range listing.Files {
		files = append(files, current[path].file)
	}
	l.files = current
	set := Merge(files)
	set.Files = listing.Files
	set.Folders = listing.Folders
	for _, path := range listing.Files {
		set.Kept = append(set.Kept, current[path].kept...)
	}
	return set
}

func (l *Loader) load(ctx context.Context, path string, last *loaded) *loaded {
	if path == Stdin && last != nil {
		return last
	}
	data, err := readFile(path, l.Stdin)
	if err != nil {
		file := &File{Problems: []Problem{{Position: Position{File: path}, Message: ioMessage(err)}}, broken: true}
		return keep(&loaded{file: file}, last)
	}
	sum := sha256.Sum256(data)
	if last != nil && last.sum == sum {
		return last
	}
	file := Parse(ctx, path, data)
	if last != nil && len(last.file.Objects) > 0 && len(bytes.TrimSpace(data)) == 0 {
		file.broken = true
		file.Problems = append(file.Problems, Problem{
			Position: Position{File: path}, Message: "the file is empty: delete it to take its objects out",
		})
	}
	return keep(&loaded{sum: sum, file: file}, last)
}

// moved drops what is kept of one file and defined by another now.
func moved(states map[string]*loaded) {
	defined := map[Key]bool{}
	for _, state := range states {
		for _, object := range state.file.Objects[:len(state.file.Objects)-len(state.kept)] {
			defined[object.Key] = true
		}
	}
	elsewhere := func(object *Object) bool { return defined[object.Key] }
	for path, state := range states {
		if !slices.ContainsFunc(state.kept, elsewhere) {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(state.kept), elsewhere)
		file := *state.file
		file.Objects = append(slices.Clone(file.Objects[:len(file.Objects)-len(state.kept)]), kept...)
		states[path] = &loaded{sum: state.sum, file: &file, kept: kept}
	}
}

// keep gives state those objects of last that state's file does not mean to be
// gone.
func keep(state, last *loaded) *loaded {
	if last == nil {
		return state
	}
	found := map[Key]bool{}
	for _, object := range state.file.Objects {
		found[object.Key] = true
	}
	refused := map[Key]bool{}
	for _, problem := range state.file.Problems {
		refused[problem.Object] = !problem.Note
	}
	for _, object := range last.file.Objects {
		if !found[object.Key] && (state.file.broken || refused[object.Key]) {
			found[object.Key] = true
			state.file.Objects = append(state.file.Objects, object)
			state.kept = append(state.kept, object)
		}
	}
	return state
}
