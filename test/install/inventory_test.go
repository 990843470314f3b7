// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build install

package install

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// inventory is every object of every resource of the cluster, as "RESOURCE.GROUP
// NAMESPACE/NAME", but for what comes and goes by itself.
func inventory(ctx context.Context) ([]string, error) {
	lists, err := kinds.ServerPreferredResources()
	if err != nil {
		// CRDs that are just being removed; the next try has it.
		return nil, fmt.Errorf("ask for all resources: %w", err)
	}
	var found []string
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			// Events end after an hour.
			if resource.Name == "events" {
				continue
			}
			objects, err := every.Resource(version.WithResource(resource.Name)).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) {
				continue // It was a CRD's that has gone meanwhile.
			}
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", resource.Name, err)
			}
			for _, object := range objects.Items {
				found = append(found, fmt.Sprintf("%s.%s %s/%s", resource.Name, version.Group, object.Namespace, object.Name))
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// changes are what is more, and what is less, than there was.
func changes(ctx context.Context, before []string) ([]string, error) {
	now, err := inventory(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, object := range now {
		if !slices.Contains(before, object) {
			found = append(found, "left: "+object)
		}
	}
	for _, object := range before {
		if !slices.Contains(now, object) {
			found = append(found, "gone: "+object)
		}
	}
	return found, nil
}

// nothingChanged waits until the cluster has the objects that it had.
func nothingChanged(ctx context.Context, before []string) {
	GinkgoHelper()
	Eventually(changes).WithArguments(before).WithContext(ctx).Should(BeEmpty())
}
