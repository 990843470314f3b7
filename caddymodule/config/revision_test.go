// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files of revisions that have none")

// TestRevisionsStay compares what is sent and answered with what was in the revisions
// before this one: nothing of them has gone or changed, and what was added since is in
// the table of additions. The files are written once and never changed.
func TestRevisionsStay(t *testing.T) {
	for revision := firstRevision; revision < Revision; revision++ {
		path := filepath.Join("testdata", fmt.Sprintf("revision-%d.txt", revision))
		got := describe(t, revision)
		want, err := os.ReadFile(path)
		if *update && os.IsNotExist(err) {
			want, err = []byte(got), os.WriteFile(path, []byte(got), 0o644)
		}
		if err != nil {
			t.Fatalf("%v; a revision that was released is kept with go test ./caddymodule/config -run TestRevisionsStay -update", err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-was +is)\nWhat is new is entered in additions, revision.go; nothing else may differ:\n%s", path, diff)
		}
	}
}

// TestAdditions checks the table itself: each entry is there in the types, in a place
// where its absence can be what the entry says.
func TestAdditions(t *testing.T) {
	sent := reachable(t, reflect.TypeFor[Config](), reflect.TypeFor[Delta](), reflect.TypeFor[EndpointsUpdate]())
	answered := reachable(t, reflect.TypeFor[Status](), reflect.TypeFor[Refusal]())
	values := enumerations(t)
	for _, a := range additions {
		name := a.of.Name() + "." + a.field + a.value
		if a.revision <= firstRevision || a.revision > Revision {
			t.Errorf("%s: revision %d is not from %d to %d", name, a.revision, firstRevision+1, Revision)
		}
		if (a.field == "") == (a.value == "") {
			t.Errorf("%s: either a field or a value is needed", name)
		}
		if a.value != "" && !slices.Contains(values[a.of.Name()], a.value) {
			t.Errorf("%s: there is no such value", name)
		}
		if a.field != "" && !hasOmittedField(a.of, a.field) {
			t.Errorf("%s: there is no such field that is omitted when it is empty", name)
		}
		if a.absence == Answered != answered[a.of] || a.absence != Answered && !sent[a.of] {
			t.Errorf("%s: absence %d does not go with what the type is for", name, a.absence)
		}
		if a.absence == Closes && !canClose(a.of) {
			t.Errorf("%s: closes nothing, as it belongs to no listener, rule or backend", name)
		}
		if a.value != "" && isRequired(sent, a.of) {
			t.Errorf("%s: the type is that of a field that can't be empty: say in older.go what is sent instead", name)
		}
	}
	if !slices.IsSortedFunc(additions, func(a, b addition) int { return a.revision - b.revision }) {
		t.Error("the revisions are not in order")
	}
}

func canClose(of reflect.Type) bool {
	for _, root := range []reflect.Type{
		reflect.TypeFor[Gateway](), reflect.TypeFor[Listener](), reflect.TypeFor[Route](), reflect.TypeFor[Backend](),
	} {
		if n := newerThan(0, []addition{{revision: 1, of: of, value: "x"}}); n.within(root) {
			return true
		}
	}
	return false
}

func hasOmittedField(of reflect.Type, name string) bool {
	for f := range of.Fields() {
		if jsonName(f) == name {
			return isOmitted(f)
		}
	}
	return false
}

func isOmitted(f reflect.StructField) bool { return strings.HasSuffix(f.Tag.Get("json"), ",omitempty") }

func isRequired(types map[reflect.Type]bool, value reflect.Type) bool {
	for of := range types {
		if of.Kind() != reflect.Struct {
			continue
		}
		for f := range of.Fields() {
			if f.Type == value && !isOmitted(f) {
				return true
			}
		}
	}
	return false
}

// describe lists what a revision has: every field of every type with its name and type
// in JSON, in the order of JSON, which digests depend on; and the values of
// enumerations.
func describe(t *testing.T, revision int) string {
	t.Helper()
	n := newerThan(revision, additions)
	values := enumerations(t)
	seen := map[reflect.Type]bool{}
	var out strings.Builder
	fmt.Fprintf(&out, "# Revision %d of what controllers and proxies say to each other. Never changed: see revision.go.\n", revision)
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch {
		case typ.Kind() == reflect.String && typ != reflect.TypeFor[string]():
			known := slices.DeleteFunc(slices.Clone(values[typ.Name()]), func(v string) bool { return n.values[typ][v] != 0 })
			fmt.Fprintf(&out, "\n%s values: %s\n", shortName(typ), strings.Join(known, " "))
		case typ.Kind() == reflect.Struct:
			var next []reflect.Type
			fmt.Fprintln(&out)
			for f := range typ.Fields() {
				if n.fields[typ][jsonName(f)] != 0 {
					continue
				}
				line := shortName(typ) + "." + jsonName(f) + " " + shortName(f.Type)
				if isOmitted(f) {
					line += " omitted"
				}
				fmt.Fprintln(&out, line)
				next = append(next, f.Type)
			}
			for _, typ := range next {
				visit(typ)
			}
		}
	}
	for _, root := range roots {
		visit(root)
	}
	return out.String()
}

// roots are what is sent, and what is answered.
var roots = []reflect.Type{
	reflect.TypeFor[Config](), reflect.TypeFor[Delta](), reflect.TypeFor[EndpointsUpdate](),
	reflect.TypeFor[Status](), reflect.TypeFor[Refusal](),
}

func reachable(t *testing.T, from ...reflect.Type) map[reflect.Type]bool {
	t.Helper()
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			visit(typ.Elem())
		case reflect.Struct:
			for f := range typ.Fields() {
				visit(f.Type)
			}
		case reflect.Map, reflect.Interface, reflect.Array:
			t.Errorf("%s: Config.At does not look into it", typ)
		}
	}
	for _, typ := range from {
		visit(typ)
	}
	return seen
}

// shortName is the name of a type as it is in JSON.
func shortName(typ reflect.Type) string {
	switch {
	case typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return typ.Name()
	case typ.Kind() == reflect.Pointer:
		return shortName(typ.Elem())
	case typ == reflect.TypeFor[[]byte]():
		return "base64"
	case typ.Kind() == reflect.Slice:
		return "[]" + shortName(typ.Elem())
	}
	return strings.ReplaceAll(typ.Name(), typ.PkgPath()+".", "")
}

// enumerations are the string constants of this package, by the names of their types.
func enumerations(t *testing.T) map[string][]string {
	t.Helper()
	files := token.NewFileSet()
	values := map[string][]string{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		file, err := parser.ParseFile(files, source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			typ, ok := spec.Type.(*ast.Ident)
			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if !ok || !isLiteral || literal.Kind != token.STRING {
				return true
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values[typ.Name] = append(values[typ.Name], value)
			return true
		})
	}
	for _, list := range values {
		slices.Sort(list)
	}
	return values
}
