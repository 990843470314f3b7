// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// goldenCase is a file below testdata.
type goldenCase struct {
	// input and output are the two parts of the file.
	input, output string
	snapshot      *snapshot.Snapshot
	// classes are the GatewayClasses of the file, without that of _common.yaml.
	classes map[string]bool
	options gatewayapi.Options
}

// options that a case can set. Some are about how the case is read.
const (
	// The case goes without the objects of _common.yaml.
	optionNoCommon = "no-common"
	// The objects are read without the schemas of the CRDs, as they can come
	// from an API server with other CRDs than ours.
	optionNoSchema        = "no-schema"
	optionExternalName    = "allow-external-name"
	optionSharedAddresses = "shared-addresses"
)

func readCase(t testing.TB, path string) *goldenCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &goldenCase{
		snapshot: &snapshot.Snapshot{},
		classes:  map[string]bool{},
		options:  gatewayapi.Options{ControllerName: controllerName},
	}
	c.input, c.output, _ = strings.Cut(string(data), outputMark)
	options := caseOptions(t, c.input)
	c.options.AllowExternalName = options[optionExternalName]
	c.options.SharedAddresses = options[optionSharedAddresses]
	if !options[optionNoCommon] {
		for _, o := range admit(t, filepath.Join("testdata", "_common.yaml")) {
			add(t, c.snapshot, o.Value)
		}
	}
	common := len(c.snapshot.GatewayClasses)
	if options[optionNoSchema] {
		for _, o := range decode(t, c.input) {
			add(t, c.snapshot, o)
		}
	} else {
		for _, o := range parse(t, path, c.input) {
			add(t, c.snapshot, o.Value)
		}
	}
	for _, class := range c.snapshot.GatewayClasses[common:] {
		c.classes[class.Name] = true
	}
	return c
}

// caseOptions reads the comment lines at the top of a case.
func caseOptions(t testing.TB, input string) map[string]bool {
	t.Helper()
	known := []string{optionNoCommon, optionNoSchema, optionExternalName, optionSharedAddresses}
	options := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(input))
	for lines.Scan() && strings.HasPrefix(lines.Text(), "#") {
		name, ok := strings.CutPrefix(lines.Text(), "# option: ")
		if !ok {
			continue
		}
		if !strings.Contains(strings.Join(known, " "), name) {
			t.Fatalf("unknown option %q", name)
		}
		options[name] = true
	}
	return options
}

func admit(t testing.TB, path string) []*manifest.Object {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, path, string(data))
}

// parse reads objects as an API server would.
func parse(t testing.TB, path, data string) []*manifest.Object {
	t.Helper()
	file := manifest.Parse(t.Context(), path, []byte(data))
	for _, p := range file.Problems {
		t.Errorf("not a valid input: %s", p)
	}
	return file.Objects
}

// decode reads objects as they are.
func decode(t testing.TB, data string) []metav1.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	utilruntime.Must(gwv1.Install(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(discoveryv1.AddToScheme(scheme))
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []metav1.Object
	docs := yaml.NewDocumentDecoder(readCloser{strings.NewReader(data)})
	defer docs.Close()
	buffer := make([]byte, len(data)+1)
	for {
		n, err := docs.Read(buffer)
		if err != nil {
			return objects
		}
		if strings.TrimSpace(string(buffer[:n])) == "" {
			continue
		}
		object, _, err := decoder.Decode(buffer[:n], nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object.(metav1.Object))
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// add puts an object into the list of its kind.
func add(t testing.TB, s *snapshot.Snapshot, object metav1.Object) {
	t.Helper()
	if !s.Add(object) {
		t.Fatalf("%T is not part of a snapshot", object)
	}
}
