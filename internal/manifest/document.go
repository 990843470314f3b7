// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// documents splits a file at its document markers, without parsing it, so that a
// broken document leaves its neighbours alone. It yields each document with the
// number of lines before it; those that hold nothing but comments are left out.
func documents(data []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		data = bytes.TrimPrefix(data, byteOrderMark)
		start, first, line := 0, 0, 0
		for at := 0; at < len(data); line++ {
			end := len(data)
			if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
				end = at + i + 1
			}
			if inline, ok := marker(data[at:end]); ok {
				if !empty(data[start:at]) && !yield(first, data[start:at]) {
					return
				}
				start, first = end, line+1
				if inline {
					start, first = at, line
				}
			}
			at = end
		}
		if !empty(data[start:]) {
			yield(first, data[start:])
		}
	}
}

// marker tells whether a line begins or ends a document, and whether the document
// begins on that very line, as in "--- {kind: Service}".
func marker(line []byte) (inline, ok bool) {
	rest, begins := bytes.CutPrefix(line, []byte("---"))
	if !begins {
		rest, ok = bytes.CutPrefix(line, []byte("..."))
		return false, ok && len(bytes.TrimSpace(rest)) == 0
	}
	text := bytes.TrimSpace(rest)
	if len(text) == 0 {
		return false, true
	}
	if rest[0] != ' ' && rest[0] != '\t' {
		return false, false
	}
	return text[0] != '#', true
}

// empty is true for a document of blank lines, comments and directives.
func empty(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

// parseDocument gives the value of a document, read as kubectl reads it (YAML 1.1,
// or JSON), and its syntax tree where that can be had.
func parseDocument(doc []byte) (any, *yamlv3.Node, error) {
	if words(doc) > maxWords {
		return nil, nil, fmt.Errorf("more than %d values in one document: split it", maxWords)
	}
	tree := syntaxTree(doc)
	if err := checkSize(doc, tree); err != nil {
		return nil, nil, err
	}
	data, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return nil, nil, err
	}
	var value any
	if err := utiljson.Unmarshal(data, &value); err != nil {
		return nil, nil, err
	}
	return value, tree, nil
}

// syntaxTree serves for line numbers only. It is nil for a document that this
// parser does not take though the other did: that has the line of its beginning.
func syntaxTree(doc []byte) *yamlv3.Node {
	var tree yamlv3.Node
	if err := yamlv3.Unmarshal(doc, &tree); err != nil || len(tree.Content) == 0 {
		return nil
	}
	return resolve(tree.Content[0])
}

var yamlLine = regexp.MustCompile(`\bline (\d+): `)

// syntaxProblem words a parser's error, whose lines count from the document.
func syntaxProblem(at place, err error) Problem {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	message := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	message = strings.TrimPrefix(message, "yaml: ")
	message = strings.TrimSpace(strings.TrimPrefix(message, "unmarshal errors:"))
	message, _, _ = strings.Cut(message, "\n")
	position := at.position()
	if m := yamlLine.FindStringSubmatchIndex(message); m != nil {
		if line, err := strconv.Atoi(message[m[2]:m[3]]); err == nil {
			position.Line = at.line(line)
			message = message[:m[0]] + message[m[1]:]
		}
	}
	return Problem{Position: position, Message: "broken YAML: " + message}
}
