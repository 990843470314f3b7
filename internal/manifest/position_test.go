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
	p := place{file: "f.yaml", offset: 100, node: tree}
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
		if have := p.field(path).String(); have != want {
			t.Errorf("%q: have %s, want %s", path, have, want)
		}
	}
	p.node = nil
	if have := p.field("spec.x").String(); have != "f.yaml:101" {
		t.Errorf("without a tree: %s", have)
	}
}
