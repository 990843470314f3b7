// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package infra

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

var update = flag.Bool("update", false, "rewrite the expected part of the golden files")

// outputMark separates the Gateway and its parameters from what is expected.
const outputMark = "---\n# Output\n"

// TestGolden makes the objects for the Gateway and the parameters of each file in
// testdata and compares them with the part after "# Output".
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			given, want, _ := strings.Cut(string(text), outputMark)
			in := readInput(t, given)
			before, _ := json.Marshal(in)
			got := describe(t, in)
			if after, _ := json.Marshal(in); string(after) != string(before) {
				t.Errorf("the input was modified:\n%s", cmp.Diff(string(before), string(after)))
			}
			if *update {
				if err := os.WriteFile(file, []byte(given+outputMark+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got, -update rewrites the file:\n%s", diff)
			}
		})
	}
}

// readInput reads a Gateway and, after it, GatewayParameters. The ports are those
// of the listeners.
func readInput(t *testing.T, text string) Input {
	t.Helper()
	gateway, params, _ := strings.Cut(text, "---\n")
	in := Input{Gateway: &gwv1.Gateway{}, Image: "example.com/kubera-proxy:v1", ControllerNamespace: "kubera-system"}
	if err := yaml.UnmarshalStrict([]byte(gateway), in.Gateway); err != nil {
		t.Fatal(err)
	}
	var p v1alpha1.GatewayParameters
	if err := yaml.UnmarshalStrict([]byte(params), &p); err != nil {
		t.Fatal(err)
	}
	in.Parameters = p.Spec
	for _, l := range in.Gateway.Spec.Listeners {
		port := Port{l.Port, corev1.ProtocolTCP}
		if l.Protocol == gwv1.UDPProtocolType {
			port.Protocol = corev1.ProtocolUDP
		}
		in.Ports = append(in.Ports, port)
	}
	return in
}

// describe prints the objects, those that are unwanted, and the error.
func describe(t *testing.T, in Input) string {
	t.Helper()
	objects, err := Objects(in)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var documents []string
	for _, o := range objects {
		documents = append(documents, document(t, o))
	}
	for _, o := range Unwanted(in) {
		documents = append(documents, "# Unwanted\n"+document(t, o))
	}
	return strings.Join(documents, "---\n")
}

// document is an object as YAML, without the fields that its type can't leave out.
func document(t *testing.T, o Object) string {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "status")
	text, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
