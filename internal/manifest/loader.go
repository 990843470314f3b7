// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"
	"crypto/sha256"
	"io"
)

// Loader reads files again and again. A file whose content is the same is not
// parsed again. What is broken in a file that was read before keeps its last good
// form: an object that is now refused, and, if a document can't be read at all, each
// object of the file that is no longer found in it. An object or a file that was
// taken out is gone.
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
		files = append(files, state.file)
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
	return keep(&loaded{sum: sum, file: Parse(ctx, path, data)}, last)
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
