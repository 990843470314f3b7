// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package generate makes the bundle by which the Operator Lifecycle Manager installs
// Kubera, from the same kustomizations that make deploy installs it by.
package generate

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Package is the name of the operator in catalogs.
const Package = "kubera"

// Options are what config/ can't know of a release.
type Options struct {
	// Version is a semantic version, without a v.
	Version string
	// Channels are those that a catalog offers the version in, DefaultChannel the one
	// of whoever names none.
	Channels       []string
	DefaultChannel string
	// Platforms are those of the images: linux/amd64.
	Platforms []string
	// Digests wants all images by digest, and says so to those who mirror them.
	Digests bool
	// Icon is a picture in SVG.
	Icon []byte
}

// Files by their path below the root of the repository.
type Files map[string][]byte

// Generate reads what kustomize makes of config/manifests, and returns all files of the
// bundle. An object that has no place in a bundle is an error.
func Generate(manifests io.Reader, options Options) (Files, error) {
	in, err := read(manifests)
	if err != nil {
		return nil, err
	}
	version, err := in.csv(options)
	if err != nil {
		return nil, err
	}
	w := writer{files: Files{}}
	w.yaml(path.Join("bundle/manifests", Package+".clusterserviceversion.yaml"), version)
	for _, crd := range in.crdFiles {
		group, plural := crdName(crd.GetName())
		w.yaml(path.Join("bundle/manifests", group+"_"+plural+".yaml"), crd)
	}
	extra, err := in.extra()
	if err != nil {
		return nil, err
	}
	for _, object := range extra {
		gv := strings.ReplaceAll(object.GetAPIVersion(), "/", "_")
		name := fmt.Sprintf("%s_%s_%s.yaml", object.GetName(), gv, strings.ToLower(object.GetKind()))
		w.yaml(path.Join("bundle/manifests", name), object)
	}
	annotations := options.annotations()
	w.yaml("bundle/metadata/annotations.yaml", map[string]any{"annotations": annotations})
	w.yaml("bundle/tests/scorecard/config.yaml", in.scorecard)
	w.files["bundle.Dockerfile"] = dockerfile(annotations)
	return w.files, w.err
}

// crdName takes the name of a CRD apart.
func crdName(name string) (group, plural string) {
	plural, group, _ = strings.Cut(name, ".")
	return group, plural
}

// annotations say what the folders of the bundle hold, and where a catalog has it.
func (o Options) annotations() map[string]string {
	const prefix = "operators.operatorframework.io."
	return map[string]string{
		prefix + "bundle.mediatype.v1":       "registry+v1",
		prefix + "bundle.manifests.v1":       "manifests/",
		prefix + "bundle.metadata.v1":        "metadata/",
		prefix + "bundle.package.v1":         Package,
		prefix + "bundle.channels.v1":        strings.Join(o.Channels, ","),
		prefix + "bundle.channel.default.v1": o.DefaultChannel,
		prefix + "test.mediatype.v1":         "scorecard+v1",
		prefix + "test.config.v1":            "tests/scorecard/",
	}
}

// dockerfile makes the image that catalogs name. Its labels are the annotations.
func dockerfile(annotations map[string]string) []byte {
	var text strings.Builder
	text.WriteString("# Made by make bundle.\nFROM scratch\n\n")
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		fmt.Fprintf(&text, "LABEL %s=%s\n", name, annotations[name])
	}
	text.WriteString("\nCOPY bundle/manifests /manifests/\n")
	text.WriteString("COPY bundle/metadata /metadata/\n")
	text.WriteString("COPY bundle/tests/scorecard /tests/scorecard/\n")
	return []byte(text.String())
}

// writer keeps the first error.
type writer struct {
	files Files
	err   error
}

func (w *writer) yaml(name string, document any) {
	raw, err := yaml.Marshal(document)
	switch {
	case w.err != nil:
	case err != nil:
		w.err = fmt.Errorf("%s: %w", name, err)
	case w.files[name] != nil:
		w.err = fmt.Errorf("two objects would be %s", name)
	default:
		w.files[name] = raw
	}
}
