// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// csv completes the one that people wrote.
func (in *input) csv(options Options) (*csv.ClusterServiceVersion, error) {
	c := in.base
	c.Name = Package + ".v" + options.Version
	c.Spec.Version = options.Version
	c.Spec.Icon = []csv.Icon{{Data: options.Icon, MediaType: "image/svg+xml"}}
	if err := in.install(&c.Spec.Install.Spec); err != nil {
		return nil, err
	}
	owned, err := in.owned(c.Spec.CustomResourceDefinitions.Owned)
	if err != nil {
		return nil, err
	}
	c.Spec.CustomResourceDefinitions.Owned = owned

	images := relatedImages(c.Spec.Install.Spec.Deployments)
	if options.Digests {
		for _, i := range images {
			if !strings.Contains(i.Image, "@sha256:") {
				return nil, fmt.Errorf("the image %s of %q is not named by digest", i.Image, i.Name)
			}
		}
	}
	c.Spec.RelatedImages = images

	c.Labels = map[string]string{}
	for _, platform := range options.Platforms {
		system, architecture, ok := strings.Cut(platform, "/")
		if !ok {
			return nil, fmt.Errorf("the platform %q is not of the form linux/amd64", platform)
		}
		c.Labels["operatorframework.io/os."+system] = "supported"
		c.Labels["operatorframework.io/arch."+architecture] = "supported"
	}
	return c, in.annotate(c, options, images)
}

func (in *input) annotate(c *csv.ClusterServiceVersion, options Options, images []csv.Image) error {
	examples, err := in.examples()
	if err != nil {
		return err
	}
	// Consoles make the namespace like this, if they are asked to.
	in.namespace.Labels = maps.Clone(in.namespace.Labels)
	delete(in.namespace.Labels, managedBy)
	namespace, err := json.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "Namespace",
		"metadata":   map[string]any{"name": in.namespace.Name, "labels": in.namespace.Labels},
	})
	if err != nil {
		return err
	}
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	maps.Copy(c.Annotations, map[string]string{
		"alm-examples":   examples,
		"containerImage": images[0].Image,
		"features.operators.openshift.io/disconnected":      fmt.Sprint(options.Digests),
		"operatorframework.io/suggested-namespace":          in.namespace.Name,
		"operatorframework.io/suggested-namespace-template": string(namespace),
	})
	return nil
}

// examples is a JSON array of the objects that are of owned kinds.
func (in *input) examples() (string, error) {
	list := []any{}
	for _, object := range in.others {
		if in.owns(object.GroupVersionKind().GroupKind()) {
			list = append(list, object.Object)
		}
	}
	raw, err := json.MarshalIndent(list, "", "  ")
	return string(raw), err
}

// relatedImages are those that the Deployments run, and those that these are told by an
// environment variable whose name ends with _IMAGE. The first is the operator's.
func relatedImages(deployments []csv.Deployment) []csv.Image {
	var images []csv.Image
	for _, d := range deployments {
		containers := d.Spec.Template.Spec.Containers
		for _, c := range containers {
			images = append(images, csv.Image{Name: c.Name, Image: c.Image})
		}
		for _, c := range containers {
			for _, variable := range c.Env {
				if name, ok := strings.CutSuffix(variable.Name, "_IMAGE"); ok {
					images = append(images, csv.Image{Name: strings.ToLower(name), Image: variable.Value})
				}
			}
		}
	}
	return images
}
