// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package router

import (
	"regexp"
	"strings"
)

// candidate is one match of one rule, under one hostname.
type candidate[T any] struct {
	predicates
	// path and precedence are set for regular expressions only.
	path       *regexp.Regexp
	precedence int
	result     Result[T]
}

// paths are the candidates under one hostname by their path. Every list is in
// order of precedence.
type paths[T any] struct {
	exact map[string][]candidate[T]
	// services are by the path of the service, nil if there are none.
	services map[string][]candidate[T]
	regex    []candidate[T]
	root     node[T]
}

// node is an element of a path in the trie of prefixes.
type node[T any] struct {
	children   map[string]*node[T]
	candidates []candidate[T]
	// shorter is the nearest node on the way to the root that has candidates. It
	// spares lookups a list of the nodes they passed.
	shorter *node[T]
}

// lookup returns the result of the first candidate in order of precedence.
func (p *paths[T]) lookup(r *Request, names *queryNames) (Result[T], bool) {
	if found := first(p.exact[r.Path], r, names); found != nil {
		return found.result, true
	}
	if p.services != nil {
		if found := first(p.services[serviceOf(r.Path)], r, names); found != nil {
			return found.result, true
		}
	}
	for i := range p.regex {
		if c := &p.regex[i]; c.path.MatchString(r.Path) && c.hold(r, names) {
			return c.result, true
		}
	}
	for n := p.root.longest(r.Path); n != nil; n = n.shorter {
		if found := first(n.candidates, r, names); found != nil {
			return found.result, true
		}
	}
	return Result[T]{}, false
}

// serviceOf returns what is in front of the last element of a path: "/a.B" for
// "/a.B/Get", and "" where that element is empty, which no method is.
func serviceOf(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 || i == len(path)-1 {
		return ""
	}
	return path[:i]
}

func first[T any](candidates []candidate[T], r *Request, names *queryNames) *candidate[T] {
	for i := range candidates {
		if candidates[i].hold(r, names) {
			return &candidates[i]
		}
	}
	return nil
}

// longest returns the node of the longest prefix of the path that is in the trie.
// That is the root for whatever does not begin with a slash, such as the "*" of
// OPTIONS.
func (n *node[T]) longest(path string) *node[T] {
	for len(path) > 0 && path[0] == '/' && n.children != nil {
		end := strings.IndexByte(path[1:], '/') + 1
		if end == 0 {
			end = len(path)
		}
		child := n.children[path[1:end]]
		if child == nil {
			break
		}
		n, path = child, path[end:]
	}
	return n
}

// at returns the node of a prefix, which has no final slash, and makes it if needed.
func (n *node[T]) at(prefix string) *node[T] {
	for prefix != "" {
		var element string
		element, prefix = cutElement(prefix)
		child := n.children[element]
		if child == nil {
			child = &node[T]{}
			if n.children == nil {
				n.children = map[string]*node[T]{}
			}
			n.children[element] = child
		}
		n = child
	}
	return n
}

// cutElement takes "/a/b" to "a" and "/b".
func cutElement(path string) (element, rest string) {
	path = path[1:]
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// link sets shorter in the whole trie below n.
func (n *node[T]) link() {
	shorter := n.shorter
	if len(n.candidates) > 0 {
		shorter = n
	}
	for _, child := range n.children {
		child.shorter = shorter
		child.link()
	}
}
