// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

var extensions = []string{".yaml", ".yml", ".json"}

// Named tells whether a file in a folder is read, by its name: those ending in
// .yaml, .yml or .json are, unless hidden. That leaves out the files which editors
// write beside the edited one. A kustomization.yaml says for a cluster which of the
// others to apply, and is none to be applied itself.
func Named(name string) bool {
	return !hidden(name) && slices.Contains(extensions, strings.ToLower(filepath.Ext(name))) &&
		strings.TrimSuffix(name, filepath.Ext(name)) != "kustomization"
}

func hidden(name string) bool {
	return strings.HasPrefix(name, ".")
}

// Listing is what a list of paths stands for.
type Listing struct {
	// Files to read, each once, in the order of the paths that they were found
	// by and, within a folder, sorted.
	Files []string
	// Folders that hold them, with all folders inside, each once.
	Folders []string
	// Problems with paths that can't be read.
	Problems []Problem
}

// List finds the files that paths stand for: a file of any name, a folder with all
// folders inside it (hidden ones left out, symbolic links followed), or Stdin.
func List(paths []string) *Listing {
	l := lister{seenFiles: map[string]bool{}, seenFolders: map[string]bool{}}
	for _, path := range paths {
		if path == Stdin {
			l.file(Stdin, Stdin)
			continue
		}
		l.path(filepath.Clean(path))
	}
	return &l.Listing
}

type lister struct {
	Listing
	seenFiles   map[string]bool
	seenFolders map[string]bool
}

func (l *lister) path(path string) {
	info, err := os.Stat(path)
	if err != nil {
		l.problem(path, err)
		return
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		l.problem(path, err)
		return
	}
	if !info.IsDir() {
		l.file(path, real)
		return
	}
	if l.seenFolders[real] {
		return
	}
	l.seenFolders[real] = true
	l.Folders = append(l.Folders, path)
	entries, err := os.ReadDir(path)
	if err != nil {
		l.problem(path, err)
	}
	for _, entry := range entries {
		if hidden(entry.Name()) {
			continue
		}
		inner := filepath.Join(path, entry.Name())
		info, err := os.Stat(inner)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !Named(entry.Name()):
			// A dangling link, or gone since.
		case err != nil:
			l.problem(inner, err)
		case info.IsDir() || info.Mode().IsRegular() && Named(entry.Name()):
			l.path(inner)
		}
	}
}

func (l *lister) file(path, real string) {
	if !l.seenFiles[real] {
		l.seenFiles[real] = true
		l.Files = append(l.Files, path)
	}
}

func (l *lister) problem(path string, err error) {
	l.Problems = append(l.Problems, Problem{Position: Position{File: path}, Message: ioMessage(err)})
}

func readFile(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != Stdin {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if in == nil {
		return nil, errors.New("there is no standard input")
	}
	data, err := io.ReadAll(io.LimitReader(in, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = fmt.Errorf("longer than %d MiB: split it", maxFileBytes>>20)
	}
	return data, err
}

// ioMessage is an error without the path, which stands in the Position.
func ioMessage(err error) string {
	if in, ok := errors.AsType[*fs.PathError](err); ok {
		return in.Err.Error()
	}
	return err.Error()
}
