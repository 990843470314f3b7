// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Position is a place in a file.
type Position struct {
	// File is the path as it was given or found, "-" for standard input.
	File string
	// Line and Column count from 1. 0 means unknown.
	Line, Column int
}

// String is file:line:column, without what is unknown.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func comparePositions(a, b Position) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// place is a value in a file: its syntax tree, and how far the tree's lines are
// from those of the file, of which it is one document.
type place struct {
	file   string
	offset int
	// lines of the document.
	lines int
	// node is nil where the syntax tree is unknown.
	node *yaml.Node
}

func (p place) position() Position {
	if p.node == nil {
		return Position{File: p.file, Line: p.line(1)}
	}
	return Position{File: p.file, Line: p.line(p.node.Line), Column: p.node.Column}
}

// line of the file. To YAML a carriage return by itself ends a line, too, which no
// editor counts: a line that would lie behind the document is its last one.
func (p place) line(ofDocument int) int {
	return p.offset + min(ofDocument, p.lines)
}

// with another node of the same document.
func (p place) with(node *yaml.Node) place {
	p.node = node
	return p
}

// item i of a sequence in the mapping's key.
func (p place) item(key string, i int) place {
	if _, value := entry(p.node, key); value != nil && i < len(value.Content) {
		return p.with(resolve(value.Content[i]))
	}
	return p
}

// field is the position of a field such as "spec.rules[0].matches", and whether the
// file has it. If not, the position is that of the innermost part that it has.
func (p place) field(path string) (Position, bool) {
	at := p.node
	for node := p.node; node != nil; {
		path = strings.TrimPrefix(path, ".")
		if path == "" {
			break
		}
		var key *yaml.Node
		key, node, path = step(resolve(node), path)
		if key == nil {
			return p.with(at).position(), false
		}
		at = key
	}
	return p.with(at).position(), at != nil
}

// step follows the first part of path. It gives the node to point at, the value
// to go on with and the rest of the path, or nils where the path ends.
func step(node *yaml.Node, path string) (at, value *yaml.Node, rest string) {
	if index, rest, ok := bracket(path); ok {
		if node.Kind == yaml.SequenceNode {
			if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(node.Content) {
				return node.Content[i], node.Content[i], rest
			}
			return nil, nil, ""
		}
		at, value = entry(node, index)
		return at, value, rest
	}
	// Keys may hold dots (tls.crt), so the longest that fits is taken.
	if node.Kind != yaml.MappingNode {
		return nil, nil, ""
	}
	longest := -1
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		after, ok := strings.CutPrefix(path, key)
		if ok && len(key) > longest && (after == "" || after[0] == '.' || after[0] == '[') {
			longest = len(key)
			at, value, rest = node.Content[i], node.Content[i+1], after
		}
	}
	return at, value, rest
}

func bracket(path string) (index, rest string, ok bool) {
	inner, ok := strings.CutPrefix(path, "[")
	if !ok {
		return "", "", false
	}
	return strings.Cut(inner, "]")
}

// entry finds a key of a mapping.
func entry(node *yaml.Node, key string) (at, value *yaml.Node) {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i], resolve(node.Content[i+1])
		}
	}
	return nil, nil
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}
