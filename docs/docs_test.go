// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test keeps the documentation true where a program can tell: the
// YAML is taken by Kubera, links lead somewhere, and metrics have their names.
package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// root of the repository, as seen from this folder.
const root = ".."

// pages gives the paths of the files that patterns, relative to the root, stand for.
func pages(t *testing.T, patterns ...string) []string {
	t.Helper()
	var paths []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Errorf("there is no %s", pattern)
		}
		paths = append(paths, found...)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// block is the content of a fenced code block.
type block struct {
	language string
	// line of the page that the content begins at.
	line int
	text string
}

// split separates a page into its code blocks and the rest, whose lines keep
// their numbers.
func split(page string) (blocks []block, prose string) {
	var rest strings.Builder
	var open *block
	number := 0
	for line := range strings.Lines(page) {
		number++
		fence, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fenced && open == nil:
			open = &block{language: fence, line: number + 1}
		case fenced:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line
		default:
			rest.WriteString(line)
			continue
		}
		rest.WriteByte('\n')
	}
	return blocks, rest.String()
}

func TestSplit(t *testing.T) {
	blocks, prose := split("a\n```yaml\nb: 1\nc: 2\n```\nd\n```\ne\n```\n")
	want := []block{{"yaml", 3, "b: 1\nc: 2\n"}, {"", 8, "e\n"}}
	if !slices.Equal(blocks, want) {
		t.Errorf("blocks: have %+v, want %+v", blocks, want)
	}
	if want := "a\n\n\n\n\nd\n\n\n\n"; prose != want {
		t.Errorf("prose: have %q, want %q", prose, want)
	}
}

// TestYAML takes every block marked yaml as an API server, and kubera run, would
// take it. A block that is to show something else is not marked yaml.
func TestYAML(t *testing.T) {
	objects := 0
	for _, path := range pages(t, "docs/*.md", "README.md") {
		blocks, _ := split(read(t, path))
		for _, b := range blocks {
			if b.language != "yaml" {
				continue
			}
			file := manifest.Parse(t.Context(), path, []byte(strings.Repeat("\n", b.line-1)+b.text))
			objects += len(file.Objects)
			for _, problem := range file.Problems {
				t.Error(problem)
			}
		}
	}
	if objects == 0 {
		t.Error("no page has YAML")
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks follows links to files of the repository.
func TestLinks(t *testing.T) {
	paths := pages(t, "docs/*.md", "README.md", "CONTRIBUTING.md")
	err := filepath.WalkDir(filepath.Join(root, "examples"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "README.md" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, path := range paths {
		_, prose := split(read(t, path))
		for number, line := range strings.Split(prose, "\n") {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(match[1], "#")
				if target == "" || strings.Contains(target, ":") {
					continue // within the page, or elsewhere
				}
				followed++
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s:%d: there is no %s", path, number+1, target)
				}
			}
		}
	}
	if followed == 0 {
		t.Error("no page has links")
	}
}
