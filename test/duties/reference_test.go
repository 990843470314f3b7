// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// root of the module.
var root = filepath.Join("..", "..")

// references finds out whether the tests exist that entries name.
type references struct {
	t        *testing.T
	packages map[string]*testPackage
}

// testPackage is what the tests of a package are made of.
type testPackage struct {
	functions map[string]bool
	// texts of string literals.
	texts map[string]bool
	// specs of Ginkgo: the text of the container and that of the spec.
	specs map[string]bool
}

// missing says what is missing of a test, or nothing.
func (r *references) missing(reference string) string {
	kind, rest, _ := strings.Cut(reference, "/")
	switch kind {
	case "golden":
		return missingFile(filepath.Join("internal", "gatewayapi", "testdata", rest+".yaml"))
	case "infra":
		return missingFile(filepath.Join("internal", "infra", "testdata", rest+".yaml"))
	case "semantics":
		return r.missingCase("test/semantics", rest)
	case "envtest":
		if !r.load("test/envtest").specs[rest] {
			return "test/envtest has no such spec"
		}
		return ""
	case "docs":
		return missingText(reference)
	}
	dir, test, ok := cutPackage(reference)
	if !ok {
		return "not a form of the package comment"
	}
	name, testCase, hasCase := strings.Cut(test, "/")
	if !r.load(dir).functions[name] {
		return dir + " has no " + name
	}
	if hasCase {
		return r.missingCase(dir, testCase)
	}
	return ""
}

var testName = regexp.MustCompile(`\.(Test|Fuzz)`)

// cutPackage takes "a/b.TestC/d" to "a/b" and "TestC/d".
func cutPackage(reference string) (dir, test string, ok bool) {
	at := testName.FindStringIndex(reference)
	if at == nil {
		return "", "", false
	}
	return reference[:at[0]], reference[at[0]+1:], true
}

func (r *references) missingCase(dir, name string) string {
	if !r.load(dir).texts[name] {
		return dir + " has no case of that name"
	}
	return ""
}

func missingFile(path string) string {
	if _, err := os.Stat(filepath.Join(root, path)); err != nil {
		return err.Error()
	}
	return ""
}

// missingText is for "docs/FILE.md: TEXT".
func missingText(reference string) string {
	path, text, _ := strings.Cut(reference, ": ")
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return err.Error()
	}
	if text == "" || !strings.Contains(strings.Join(strings.Fields(string(data)), " "), text) {
		return "the file does not have the text"
	}
	return ""
}

// load reads the tests of the package in a directory. One that does not exist has none.
func (r *references) load(dir string) *testPackage {
	if p := r.packages[dir]; p != nil {
		return p
	}
	p := &testPackage{functions: map[string]bool{}, texts: map[string]bool{}, specs: map[string]bool{}}
	r.packages[dir] = p
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			r.t.Fatal(err)
		}
		p.read(file)
	}
	return p
}

func (p *testPackage) read(file *ast.File) {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			p.functions[f.Name.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				p.texts[text] = true
			}
		}
		if container, text := specOf(n, "Describe", "DescribeTable"); container != nil {
			ast.Inspect(container, func(n ast.Node) bool {
				if spec, own := specOf(n, "It", "Entry"); spec != nil {
					p.specs[text+" "+own] = true
				}
				return true
			})
		}
		return true
	})
}

// specOf gives a call of one of the functions, with its text.
func specOf(n ast.Node, functions ...string) (*ast.CallExpr, string) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil, ""
	}
	name, ok := call.Fun.(*ast.Ident)
	if !ok {
		return nil, ""
	}
	for _, f := range functions {
		if literal, ok := call.Args[0].(*ast.BasicLit); ok && name.Name == f {
			text, _ := strconv.Unquote(literal.Value)
			return call, text
		}
	}
	return nil, ""
}

func TestReferences(t *testing.T) {
	r := &references{t: t, packages: map[string]*testPackage{}}
	for reference, exists := range map[string]bool{
		"golden/listener/hostname-conflict":                            true,
		"golden/listener/none-of-that-name":                            false,
		"infra/defaults":                                               true,
		"infra/none-of-that-name":                                      false,
		"semantics/HTTPRouteWeight":                                    true,
		"semantics/NoneOfThatName":                                     false,
		"envtest/The class of a Gateway decides who has its objects":   true,
		"envtest/The class of a Gateway decides nothing":               false,
		"docs/gateway-api.md: Failing closed":                          true,
		"docs/gateway-api.md: none of that text":                       false,
		"docs/none.md: Failing closed":                                 false,
		"test/duties.TestReferences":                                   true,
		"test/duties.TestNone":                                         false,
		"test/none.TestReferences":                                     false,
		"internal/status.TestConditions/a change of status begins now": true,
		"internal/status.TestConditions/none of that name":             false,
		"none of the forms":                                            false,
	} {
		if missing := r.missing(reference); (missing == "") != exists {
			t.Errorf("%s: exists is not %v: %q", reference, exists, missing)
		}
	}
}
