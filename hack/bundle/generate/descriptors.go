// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kubera-dev/kubera/hack/bundle/csv"
)

// owned completes the definitions that people wrote by what the CRDs say, which is what
// the comments of the Go types say. Each CRD needs one.
func (in *input) owned(written []csv.Definition) ([]csv.Definition, error) {
	var owned []csv.Definition
	for _, crd := range in.crds {
		for _, version := range crd.Spec.Versions {
			if !version.Served {
				continue
			}
			i := slices.IndexFunc(written, func(d csv.Definition) bool {
				return d.Name == crd.Name && d.Version == version.Name
			})
			if i < 0 {
				return nil, fmt.Errorf("the base of the ClusterServiceVersion doesn't own %s of %s", version.Name, crd.Name)
			}
			d := written[i]
			d.Kind = crd.Spec.Names.Kind
			root := version.Schema.OpenAPIV3Schema
			d.Description = sentence(root.Description)
			d.SpecDescriptors = descriptors(root.Properties["spec"], "", 2)
			d.StatusDescriptors = descriptors(root.Properties["status"], "", 1)
			owned = append(owned, d)
			written = slices.Delete(written, i, i+1)
		}
	}
	for _, d := range written {
		return nil, fmt.Errorf("the base of the ClusterServiceVersion owns %s of %s, which there is not", d.Version, d.Name)
	}
	return owned, nil
}

// descriptors of the fields of an object, in order, depth levels of them.
func descriptors(object apiextensionsv1.JSONSchemaProps, prefix string, depth int) []csv.Descriptor {
	var list []csv.Descriptor
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		field := object.Properties[name]
		list = append(list, csv.Descriptor{
			Path:         prefix + name,
			DisplayName:  displayName(name),
			Description:  sentence(field.Description),
			XDescriptors: shownAs(name, field),
		})
		// Within a structure of Kubernetes there are none: it is edited as a whole.
		if depth > 1 && len(list[len(list)-1].XDescriptors) == 0 {
			list = append(list, descriptors(field, prefix+name+".", depth-1)...)
		}
	}
	return list
}

// sentence is text without its line breaks.
func sentence(text string) string {
	return strings.Join(strings.Fields(text), " ")
}

// initialisms are written in capitals.
var initialisms = map[string]string{
	"ip": "IP", "cpu": "CPU", "tls": "TLS", "http": "HTTP", "http2": "HTTP/2", "http3": "HTTP/3", "id": "ID", "url": "URL",
}

// displayName makes "Image Pull Policy" of imagePullPolicy.
func displayName(field string) string {
	var words []string
	start := 0
	for i, r := range field {
		if unicode.IsUpper(r) && (i == 0 || !unicode.IsUpper(rune(field[i-1]))) {
			words = append(words, field[start:i])
			start = i
		}
	}
	words = append(words, field[start:])
	for i, word := range words {
		if capitals, ok := initialisms[strings.ToLower(word)]; ok {
			words[i] = capitals
		} else if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, " ")
}

// fieldControls are the controls of consoles for certain fields, by name.
var fieldControls = map[string]string{
	"replicas":        "podCount",
	"resources":       "resourceRequirements",
	"imagePullPolicy": "imagePullPolicy",
	"strategy":        "updateStrategy",
}

// shownAs says how a console shows a field. None is for structures and lists.
func shownAs(name string, field apiextensionsv1.JSONSchemaProps) []string {
	const prefix = "urn:alm:descriptor:com.tectonic.ui:"
	if control, ok := fieldControls[name]; ok {
		return []string{prefix + control}
	}
	if name == "conditions" {
		return []string{"urn:alm:descriptor:io.kubernetes.conditions"}
	}
	if len(field.Enum) > 0 {
		var list []string
		for _, value := range field.Enum {
			list = append(list, prefix+"select:"+strings.Trim(string(value.Raw), `"`))
		}
		return list
	}
	switch field.Type {
	case "boolean":
		return []string{prefix + "booleanSwitch"}
	case "integer":
		return []string{prefix + "number"}
	case "string":
		return []string{prefix + "text"}
	}
	return nil
}
