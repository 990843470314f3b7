// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"regexp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// practiceRules are those of bundle validate's good-practices and multiarch, and what
// those need who mirror images.
var practiceRules = []Rule{
	{"requests", withCSV(requests)},
	{"channel-names", channelNames},
	{"crd-descriptions", crdDescriptions},
	{"no-creation-of-crds", withCSV(noCreationOfCRDs)},
	{"no-wildcards", withCSV(noWildcards)},
	{"platforms", withCSV(platforms)},
	{"related-images", withCSV(relatedImages)},
	{"digests", withCSV(digests)},
}

func requests(b *Bundle) []string {
	var p problems
	for _, d := range b.CSV.Spec.Install.Spec.Deployments {
		for _, c := range d.Spec.Template.Spec.Containers {
			if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() {
				p.add("container %s of Deployment %s requests no CPU or no memory", c.Name, d.Name)
			}
		}
	}
	return p
}

var channelName = regexp.MustCompile(`^(candidate|fast|stable)([-.a-z0-9]*)$`)

func channelNames(b *Bundle) []string {
	var p problems
	for _, name := range channels(b) {
		if !channelName.MatchString(name) {
			p.add("%q begins with none of candidate, fast and stable", name)
		}
	}
	return p
}

func crdDescriptions(b *Bundle) []string {
	var p problems
	for k, v := range served(b) {
		if v.Schema == nil || v.Schema.OpenAPIV3Schema == nil || v.Schema.OpenAPIV3Schema.Description == "" {
			p.add("%s %s has none", k.kind, k.version)
		}
	}
	return p
}

func allRules(b *Bundle) []rbacv1.PolicyRule {
	var list []rbacv1.PolicyRule
	spec := b.CSV.Spec.Install.Spec
	for _, permissions := range slices.Concat(spec.Permissions, spec.ClusterPermissions) {
		list = append(list, permissions.Rules...)
	}
	return list
}

// noCreationOfCRDs: the lifecycle manager installs them.
func noCreationOfCRDs(b *Bundle) []string {
	var p problems
	for _, r := range allRules(b) {
		crds := slices.Contains(r.Resources, "customresourcedefinitions") || slices.Contains(r.Resources, "*")
		if crds && (slices.Contains(r.Verbs, "create") || slices.Contains(r.Verbs, "*")) {
			p.add("the operator may create CRDs")
		}
	}
	return p
}

func noWildcards(b *Bundle) []string {
	var p problems
	for _, r := range allRules(b) {
		if slices.Contains(slices.Concat(r.APIGroups, r.Resources, r.Verbs), "*") {
			p.add("permissions have a *: %v", r)
		}
	}
	return p
}

// platforms: without labels, catalogs take an operator to be for linux and amd64 only.
func platforms(b *Bundle) []string {
	var p problems
	architectures := 0
	for name, value := range b.CSV.Labels {
		if strings.HasPrefix(name, "operatorframework.io/") && value != "supported" {
			p.add("the label %s is %q, not supported", name, value)
		}
		if strings.HasPrefix(name, "operatorframework.io/arch.") {
			architectures++
		}
	}
	if architectures == 0 {
		p.add("no label operatorframework.io/arch.ARCHITECTURE")
	}
	if b.CSV.Labels["operatorframework.io/os.linux"] == "" {
		p.add("no label operatorframework.io/os.linux")
	}
	return p
}

// relatedImages are all that is run: who has no way to the internet mirrors these.
func relatedImages(b *Bundle) []string {
	var p problems
	names, related := map[string]bool{}, map[string]bool{}
	for _, i := range b.CSV.Spec.RelatedImages {
		if i.Name == "" || i.Image == "" || names[i.Name] {
			p.add("%q %q has no name of its own, or no image", i.Name, i.Image)
		}
		names[i.Name], related[i.Image] = true, true
	}
	run := map[string]string{"the annotation containerImage": b.CSV.Annotations["containerImage"]}
	for _, d := range b.CSV.Spec.Install.Spec.Deployments {
		containers := slices.Concat(d.Spec.Template.Spec.InitContainers, d.Spec.Template.Spec.Containers)
		for _, c := range containers {
			run["container "+c.Name] = c.Image
			for _, variable := range c.Env {
				if strings.HasSuffix(variable.Name, "_IMAGE") {
					run[variable.Name] = variable.Value
				}
			}
		}
	}
	if run["PROXY_IMAGE"] == "" {
		p.add("no Deployment is told PROXY_IMAGE")
	}
	for who, image := range run {
		if !related[image] {
			p.add("%s has the image %q, which is not listed", who, image)
		}
	}
	return p
}

var byDigest = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)

// digests: a bundle for clusters without a way out has to name images by digest, since
// mirrors are not asked for tags.
func digests(b *Bundle) []string {
	var p problems
	with := slices.DeleteFunc(slices.Clone(b.CSV.Spec.RelatedImages), func(i csv.Image) bool {
		return !byDigest.MatchString(i.Image)
	})
	disconnected := b.CSV.Annotations["features.operators.openshift.io/disconnected"] == "true"
	if all := len(with) == len(b.CSV.Spec.RelatedImages); disconnected && !all {
		p.add("the bundle is said to be for disconnected clusters, and has images without a digest")
	} else if len(with) > 0 && !all {
		p.add("some images have a digest, and some don't")
	}
	return p
}
