// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"fmt"

	yamlv3 "go.yaml.in/yaml/v3"
)

// The limits keep a hostile or mistaken file from using up memory and time. The
// objects of a large cluster are well below them, and can be in several files.
const (
	// maxFileBytes bounds one file.
	maxFileBytes = 64 << 20
	// maxObjects and maxProblems bound what one file comes to.
	maxObjects  = 50_000
	maxProblems = 1_000
	// maxWords bounds the values of one document, before it is parsed: some
	// 300 bytes of memory for each.
	maxWords = 2 << 20
	// maxExpandedBytes bounds what aliases make of one document.
	maxExpandedBytes = maxFileBytes
)

// checkSize refuses documents that would be too large in memory, before anything
// is made of them. tree is the syntax tree, nil if there is none.
func checkSize(doc []byte, tree *yamlv3.Node) error {
	e := expansion{anchored: map[*yamlv3.Node]int{}}
	large := e.size(tree) > maxExpandedBytes
	if tree == nil {
		// Every asterisk may be an alias for all of the rest.
		large = bytes.Count(doc, []byte("*"))*len(doc) > maxExpandedBytes
	}
	if large {
		return fmt.Errorf("aliases make it longer than %d MiB", maxExpandedBytes>>20)
	}
	return nil
}

// words is not less than half the number of values in a document.
func words(doc []byte) int {
	n, inside := 0, false
	for _, c := range doc {
		switch c {
		case '[', '{':
			n++
			inside = false
		case ' ', '\t', '\n', '\r', ',', ']', '}':
			inside = false
		default:
			if !inside {
				n++
			}
			inside = true
		}
	}
	return n
}

// expansion works out the size of a document with each alias replaced by what it
// stands for. A parser's limit for aliases counts values, not their lengths.
type expansion struct {
	// anchored holds the sizes of values that aliases stand for, unbounded while
	// they are worked out: such a value contains itself.
	anchored map[*yamlv3.Node]int
}

const unbounded = maxExpandedBytes + 1

// size is at most unbounded.
func (e expansion) size(node *yamlv3.Node) int {
	if node == nil {
		return 0
	}
	if node.Anchor != "" {
		if size, ok := e.anchored[node]; ok {
			return size
		}
		e.anchored[node] = unbounded
	}
	size := len(node.Value) + 1
	if node.Kind == yamlv3.AliasNode {
		size = e.size(node.Alias)
	}
	for _, inner := range node.Content {
		if size = min(size+e.size(inner), unbounded); size == unbounded {
			break
		}
	}
	if node.Anchor != "" {
		e.anchored[node] = size
	}
	return size
}
