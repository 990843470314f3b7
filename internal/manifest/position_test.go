// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import "testing"

func TestFieldPositions(t *testing.T) {
	const text = `# line 1
shared: &shared
  inner: x
spec:
  listeners:
  - name: http
    tls: {mode: Terminate}
  - name: https
    port: 443
data:
  tls: wrong
  tls.crt: right
alias: *shared
`
	value, tree, err := parseDocument([]byte(text))
	if err != nil || value == nil {
		t.Fatal(value, err)
	}
	p := place{file: "f.yaml", offset: 100, lines: 100, node: tree}
	for path, want := range map[string]string{
		"":                            "f.yaml:102:1",
		"spec":                        "f.yaml:104:1",
		"spec.listeners[1].port":      "f.yaml:109:5",
		"spec.listeners[1]":           "f.yaml:108:5",
		"spec.listeners[0].tls.mode":  "f.yaml:107:11",
		"data.tls.crt":                "f.yaml:112:3",
		"data[tls.crt]":               "f.yaml:112:3",
		"alias.inner":                 "f.yaml:103:3",
		"spec.listeners[1].missing.x": "f.yaml:108:5",
		"spec.listeners[9].name":      "f.yaml:105:3",
		"spec.listeners[-1]":          "f.yaml:105:3",
		"spec.listeners[x]":           "f.yaml:105:3",
		"spec.listeners[0":            "f.yaml:105:3",
		"missing":                     "f.yaml:102:1",
		"spec.listeners.name":         "f.yaml:105:3",
	} {
		if have, _ := p.field(path); have.String() != want {
			t.Errorf("%q: have %s, want %s", path, have, want)
		}
	}
	for path, want := range map[string]bool{"spec.listeners[1].port": true, "alias.inner": true, "spec.listeners[2]": false, "spec.port": false} {
		if _, have := p.field(path); have != want {
			t.Errorf("%q is there: %t", path, have)
		}
	}
	p.node = nil
	if have, ok := p.field("spec.x"); ok || have.String() != "f.yaml:101" {
		t.Errorf("without a tree: %s", have)
	}
}
