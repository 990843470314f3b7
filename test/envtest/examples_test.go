// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// exampleFiles are the YAML files of the examples, but for those of kustomize.
func exampleFiles() []string {
	paths, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil {
		panic(err)
	}
	var files []string
	for _, path := range paths {
		if filepath.Base(path) != "kustomization.yaml" {
			files = append(files, path)
		}
	}
	return files
}

// experimental are fields of examples that the standard channel of the Gateway API,
// which this API server has, does not know.
var experimental = map[string]string{
	"../../examples/retries/retries.yaml": ".spec.rules[0].retry: field not declared",
}

var _ = Describe("An example", func() {
	It("is taken by an API server, whole", func(ctx context.Context) {
		files := exampleFiles()
		Expect(len(files)).To(BeNumerically(">", 25))
		fallback := newNamespace(ctx)
		taken := 0
		for _, path := range files {
			data, err := os.ReadFile(path)
			Expect(err).NotTo(HaveOccurred())
			for _, u := range parse("", string(data)) {
				if servedHere(u) {
					continue
				}
				switch {
				case u.GetKind() == "Namespace":
				case u.GetNamespace() == "":
					u.SetNamespace(fallback)
				default:
					ensureNamespace(ctx, u.GetNamespace())
				}
				err := k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.DryRunAll, client.FieldOwner("examples"))
				if field := experimental[path]; field != "" && u.GetKind() == "HTTPRoute" {
					Expect(err).To(MatchError(ContainSubstring(field)))
					continue
				}
				Expect(err).NotTo(HaveOccurred(), "%s: %s %s", path, u.GetKind(), u.GetName())
				taken++
			}
		}
		Expect(taken).To(BeNumerically(">", 80))
	}, NodeTimeout(specTimeout))
})

// servedHere tells whether an object is for kubera run only: an API server refuses
// endpoints with loopback addresses.
func servedHere(u *unstructured.Unstructured) bool {
	endpoints, _, _ := unstructured.NestedSlice(u.Object, "endpoints")
	for _, endpoint := range endpoints {
		fields, _ := endpoint.(map[string]any)
		addresses, _, _ := unstructured.NestedStringSlice(fields, "addresses")
		for _, address := range addresses {
			if strings.HasPrefix(address, "127.") {
				return true
			}
		}
	}
	return false
}

// ensureNamespace makes the namespace that an example names.
func ensureNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	namespace.Name = name
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, namespace))).To(Succeed())
}
