// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package duties

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"

	// A change of the version has to be one of this test, or a cached result would
	// stand for it.
	_ "sigs.k8s.io/gateway-api/apis/v1"
)

// files have the types that are served, or are to be refused.
var files = []string{
	"backendtlspolicy_types.go",
	"gateway_types.go",
	"gatewayclass_types.go",
	"gatewayclass_types_overrides.go",
	"grpcroute_types.go",
	"httproute_types.go",
	"listenerset_types.go",
	"object_reference_types.go",
	"policy_types.go",
	"referencegrant_types.go",
	"shared_types.go",
	"tcproute_types.go",
	"tlsroute_types.go",
	"udproute_types.go",
}

// readSentences gives the sentences with demands by what they are about: a type
// ("Gateway"), a field ("GatewaySpec.Listeners") or a constant.
func readSentences(t *testing.T) map[string][]string {
	t.Helper()
	sentences := map[string][]string{}
	note := func(about string, doc *ast.CommentGroup) {
		if found := demands(doc.Text()); len(found) > 0 {
			sentences[about] = append(sentences[about], found...)
		}
	}
	eachDecl(t, func(d *ast.GenDecl) {
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				note(s.Name.Name, d.Doc)
				note(s.Name.Name, s.Doc)
				if fields, ok := s.Type.(*ast.StructType); ok {
					for _, f := range fields.Fields.List {
						note(s.Name.Name+"."+fieldName(f), f.Doc)
					}
				}
			case *ast.ValueSpec:
				note(s.Names[0].Name, s.Doc)
			}
		}
	})
	return sentences
}

// eachDecl calls a function with the declarations of types and constants.
func eachDecl(t *testing.T, do func(*ast.GenDecl)) {
	t.Helper()
	pkg, err := build.Import("sigs.k8s.io/gateway-api/apis/v1", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				do(d)
			}
		}
	}
}

// eachConstant calls a function with the constants of a type with a string as value.
func eachConstant(t *testing.T, do func(goType, value string, doc *ast.CommentGroup)) {
	t.Helper()
	eachDecl(t, func(d *ast.GenDecl) {
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.ValueSpec)
			if !ok || len(s.Values) != 1 {
				continue
			}
			goType, isNamed := s.Type.(*ast.Ident)
			literal, isLiteral := s.Values[0].(*ast.BasicLit)
			if !isNamed || !isLiteral {
				continue
			}
			if value, err := strconv.Unquote(literal.Value); err == nil {
				do(goType.Name, value, s.Doc)
			}
		}
	})
}

// fieldName is that of the type for an embedded field.
func fieldName(f *ast.Field) string {
	if len(f.Names) > 0 {
		return f.Names[0].Name
	}
	switch t := f.Type.(type) {
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.Ident:
		return t.Name
	}
	return ""
}
