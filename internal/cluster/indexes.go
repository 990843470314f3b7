// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Indexes of the cache.
const (
	// parentIndex finds routes by the Gateways that they name as parents.
	parentIndex = "kubera.dev/parent"
	// serviceIndex finds EndpointSlices by their Service.
	serviceIndex = "kubera.dev/service"
)

// AddIndexes adds to a cache the indexes that a Reader needs.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		field  string
		keys   client.IndexerFunc
	}{
		{&gwv1.HTTPRoute{}, parentIndex, func(o client.Object) []string {
			var keys []string
			for _, name := range Parents(o) {
				keys = append(keys, name.String())
			}
			return keys
		}},
		{&discoveryv1.EndpointSlice{}, serviceIndex, func(o client.Object) []string {
			if slice, ok := o.(*discoveryv1.EndpointSlice); ok {
				return []string{snapshot.ServiceOf(slice).Name}
			}
			return nil
		}},
	} {
		if err := indexer.IndexField(ctx, index.object, index.field, index.keys); err != nil {
			return fmt.Errorf("add index %s to %T: %w", index.field, index.object, err)
		}
	}
	return nil
}

// Parents are the Gateways that a route names as parents, in spec or in the
// status that it has from before, each once. The latter need to be told when a
// route leaves.
func Parents(object client.Object) []types.NamespacedName {
	route, ok := object.(*gwv1.HTTPRoute)
	if !ok {
		return nil
	}
	var names []types.NamespacedName
	add := func(ref gwv1.ParentReference) {
		if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind != nil && *ref.Kind != "Gateway" {
			return
		}
		name := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, route.Namespace), Name: string(ref.Name)}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, ref := range route.Spec.ParentRefs {
		add(ref)
	}
	for _, parent := range route.Status.Parents {
		add(parent.ParentRef)
	}
	return names
}
