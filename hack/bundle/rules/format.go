// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kubera-dev/kubera/hack/bundle/generate"
)

// formatRules are those of operator-framework.io's bundle format.
var formatRules = []Rule{
	{"layout", layout},
	{"supported-kinds", supportedKinds},
	{"no-namespace", noNamespace},
	{"annotations", requiredAnnotations},
	{"default-channel", defaultChannel},
	{"labels-are-annotations", labelsAreAnnotations},
	{"image-copies", imageCopies},
	{"budgets", budgets},
	{"priority-classes", priorityClasses},
}

// layout: one ClusterServiceVersion and every CRD in the file that is named after it.
func layout(b *Bundle) []string {
	var p problems
	for _, name := range []string{annotations, scorecard, dockerfile} {
		if b.Files[name] == nil {
			p.add("%s is missing", name)
		}
	}
	if b.CSV == nil {
		p.add("there is no ClusterServiceVersion")
	}
	for name, object := range b.Objects {
		want := name
		switch object.GetKind() {
		case "ClusterServiceVersion":
			want = manifests + generate.Package + ".clusterserviceversion.yaml"
		case "CustomResourceDefinition":
			plural, group, _ := strings.Cut(object.GetName(), ".")
			want = manifests + group + "_" + plural + ".yaml"
		}
		if name != want {
			p.add("%s has to be %s", name, want)
		}
	}
	return p
}

func supportedKinds(b *Bundle) []string {
	var p problems
	for name, object := range b.Objects {
		if !generate.Supported[object.GetKind()] {
			p.add("%s: no bundle can have a %s", name, object.GetKind())
		}
	}
	return p
}

// noNamespace: whoever installs the bundle chooses it.
func noNamespace(b *Bundle) []string {
	var p problems
	for name, object := range b.Objects {
		if object.GetNamespace() != "" {
			p.add("%s has the namespace %s", name, object.GetNamespace())
		}
	}
	return p
}

const prefix = "operators.operatorframework.io."

func requiredAnnotations(b *Bundle) []string {
	var p problems
	for name, want := range map[string]string{
		"bundle.mediatype.v1": "registry+v1",
		"bundle.manifests.v1": "manifests/",
		"bundle.metadata.v1":  "metadata/",
		"bundle.package.v1":   generate.Package,
		"test.mediatype.v1":   "scorecard+v1",
		"test.config.v1":      "tests/scorecard/",
	} {
		if got := b.Annotations[prefix+name]; got != want {
			p.add("%s is %q, not %q", prefix+name, got, want)
		}
	}
	p.needs(map[string]string{prefix + "bundle.channels.v1": b.Annotations[prefix+"bundle.channels.v1"]})
	return p
}

func channels(b *Bundle) []string {
	return strings.Split(b.Annotations[prefix+"bundle.channels.v1"], ",")
}

func defaultChannel(b *Bundle) []string {
	var p problems
	if name := b.Annotations[prefix+"bundle.channel.default.v1"]; name != "" && !slices.Contains(channels(b), name) {
		p.add("%q is none of the channels %q", name, channels(b))
	}
	return p
}

func labelsAreAnnotations(b *Bundle) []string {
	var p problems
	if !maps.Equal(b.Labels, b.Annotations) {
		p.add("the labels of the image %v are not the annotations %v", b.Labels, b.Annotations)
	}
	return p
}

func imageCopies(b *Bundle) []string {
	var p problems
	want := map[string]string{
		"/manifests/":       "bundle/manifests",
		"/metadata/":        "bundle/metadata",
		"/tests/scorecard/": "bundle/tests/scorecard",
	}
	if !maps.Equal(b.Copies, want) {
		p.add("the image has %v, not %v", b.Copies, want)
	}
	return p
}

// budgets that let no pod be evicted would stop upgrades of nodes.
func budgets(b *Bundle) []string {
	var p problems
	for name, object := range b.Objects {
		if object.GetKind() != "PodDisruptionBudget" {
			continue
		}
		spec, _ := object.Object["spec"].(map[string]any)
		unavailable, available := fmt.Sprint(spec["maxUnavailable"]), fmt.Sprint(spec["minAvailable"])
		if unavailable == "0" || unavailable == "0%" || available == "100%" {
			p.add("%s lets no pod be evicted", name)
		}
	}
	return p
}

// priorityClasses: none may become that of pods of others.
func priorityClasses(b *Bundle) []string {
	var p problems
	for name, object := range b.Objects {
		if object.GetKind() == "PriorityClass" && object.Object["globalDefault"] == true {
			p.add("%s is the default of the cluster", name)
		}
	}
	return p
}

// dnsLabel is what RFC 1123 allows, with dots.
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)
