// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parseAll(t *testing.T, texts ...string) *Set {
	t.Helper()
	var files []*File
	for i, text := range texts {
		files = append(files, Parse(t.Context(), string(rune('a'+i))+".yaml", []byte(text)))
	}
	return Merge(files)
}

const gatewayOfClass = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: infra}
spec:
  gatewayClassName: %CLASS%
  listeners: [{name: http, port: 80, protocol: HTTP}]
`

func TestMergeFirstOfDuplicatesCounts(t *testing.T) {
	set := parseAll(t, service("x", 1)+service("x", 2), service("z", 1)+service("x", 3))
	if diff := cmp.Diff([]string{"x:1", "z:1"}, served(set)); diff != "" {
		t.Error(diff)
	}
	var have []string
	for _, p := range set.Problems {
		have = append(have, p.String())
	}
	want := []string{
		"a.yaml:6:1: Service default/x: defined already at a.yaml:1:1, which is the one that counts",
		"b.yaml:6:1: Service default/x: defined already at a.yaml:1:1, which is the one that counts",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +have)\n%s", diff)
	}
	if !set.Bad() {
		t.Error("a duplicate is no problem")
	}
}

func TestMergeAssumesNamespaces(t *testing.T) {
	set := parseAll(t, service("a", 1), `
apiVersion: v1
kind: Namespace
metadata: {name: infra, labels: {team: net}}
`, replace(gatewayOfClass, "other"))
	have := map[string]string{}
	for _, ns := range set.Snapshot.Namespaces {
		have[ns.Labels["kubernetes.io/metadata.name"]] = ns.Labels["team"]
	}
	if diff := cmp.Diff(map[string]string{"default": "", "infra": "net"}, have); diff != "" {
		t.Error(diff)
	}
	if len(set.Snapshot.GatewayClasses) != 0 {
		t.Error("a class was assumed that is not ours")
	}
}

func TestMergeAssumesOurClassOnly(t *testing.T) {
	set := parseAll(t, replace(gatewayOfClass, ClassName))
	classes := set.Snapshot.GatewayClasses
	if len(classes) != 1 || classes[0].Name != ClassName || classes[0].Spec.ControllerName != ControllerName {
		t.Fatalf("classes %+v", classes)
	}
	object := set.Find(Key{Group: "gateway.networking.k8s.io", Kind: "GatewayClass", Name: ClassName})
	if object == nil || object.Position() != (Position{}) || object.FieldPosition("spec") != (Position{}) {
		t.Errorf("object %+v", object)
	}

	set = parseAll(t, replace(gatewayOfClass, ClassName), `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: kubera}
spec: {controllerName: example.com/other}
`)
	if classes := set.Snapshot.GatewayClasses; len(classes) != 1 || classes[0].Spec.ControllerName != "example.com/other" {
		t.Errorf("the class of the files does not count: %+v", classes)
	}
}

func TestNotesAreNotBad(t *testing.T) {
	set := parseAll(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n")
	if len(set.Problems) != 1 || set.Bad() {
		t.Errorf("bad %t, problems %v", set.Bad(), set.Problems)
	}
}
