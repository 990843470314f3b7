// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: edge}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, team: edge}}
    spec:
      containers: [{name: proxy, image: a}]
`

func readDeployment(t *testing.T, text string) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := yaml.UnmarshalStrict([]byte(text), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func rawPatch(t *testing.T, text string) *runtime.RawExtension {
	t.Helper()
	json, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &runtime.RawExtension{Raw: json}
}

func TestPatchDeployment(t *testing.T) {
	given := readDeployment(t, deployment)
	got, err := PatchDeployment(given, rawPatch(t, `
metadata: {annotations: {a: b}}
spec:
  template:
    metadata: {labels: {team: null}}
    spec:
      priorityClassName: high
      containers:
      - {name: proxy, env: [{name: A, value: b}]}
      - {name: sidecar, image: s}`))
	if err != nil {
		t.Fatal(err)
	}
	// Containers merge by name.
	want := readDeployment(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: edge, annotations: {a: b}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      priorityClassName: high
      containers:
      - {name: proxy, image: a, env: [{name: A, value: b}]}
      - {name: sidecar, image: s}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(readDeployment(t, deployment), given); diff != "" {
		t.Errorf("the argument was modified:\n%s", diff)
	}
}

func TestNoPatchGivesACopy(t *testing.T) {
	given := readDeployment(t, deployment)
	for name, patch := range map[string]*runtime.RawExtension{"nil": nil, "empty": {}, "{}": {Raw: []byte("{}")}} {
		got, err := PatchDeployment(given, patch)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got == given {
			t.Errorf("%s: not a copy", name)
		}
		if diff := cmp.Diff(given, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestPatchDeploymentRefuses(t *testing.T) {
	for _, c := range []struct{ patch, want string }{
		{`{kind: Pod}`, "must not change apiVersion or kind"},
		{`{metadata: {name: other}}`, "must not change metadata.name"},
		{`{metadata: {namespace: other}}`, "must not change metadata.namespace"},
		{`{metadata: {ownerReferences: [{uid: a, name: b}]}}`, "must not change metadata.ownerReferences"},
		{`{spec: {selector: {matchLabels: {more: x}}}}`, "must not change spec.selector"},
		{`{spec: {template: {metadata: {labels: {app: other}}}}}`, "must not change the labels"},
		{`{spec: {template: {metadata: {labels: {app: null}}}}}`, "must not change the labels"},
		{`{spec: {templates: {}}}`, `unknown field "spec.templates"`},
		{`{spec: {replicas: many}}`, "can't be read"},
		{`{spec: {template: {spec: {containers: [{image: nameless}]}}}}`, "not a strategic merge patch"},
		{`{$patch: replace}`, "must not change"},
	} {
		t.Run(c.patch, func(t *testing.T) {
			_, err := PatchDeployment(readDeployment(t, deployment), rawPatch(t, c.patch))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := PatchDeployment(readDeployment(t, deployment), &runtime.RawExtension{Raw: []byte(`[1]`)}); err == nil {
		t.Error("a list was taken for a patch")
	}
}

func FuzzPatchDeployment(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"spec":{"replicas":3}}`, `{"$patch":"delete"}`,
		`{"spec":{"template":{"spec":{"containers":[{"name":"proxy","$patch":"delete"}]}}}}`,
		`{"metadata":{"labels":null,"finalizers":["a"],"$deleteFromPrimitiveList/finalizers":["b"]}}`,
		`{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"a"}],"$retainKeys":["x"]}}}}`,
	} {
		f.Add([]byte(seed))
	}
	before := &appsv1.Deployment{}
	if err := yaml.Unmarshal([]byte(deployment), before); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		after, err := PatchDeployment(before, &runtime.RawExtension{Raw: patch})
		if err != nil {
			return
		}
		if field := identityChange(before, after); field != "" {
			t.Errorf("%s was changed by %q", field, patch)
		}
	})
}
