// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Indexes of the cache.
const (
	// parentIndex finds what names Gateways as parents or ancestors, and routes that
	// name ListenerSets as parents.
	parentIndex = "kubera.dev/parent"
	// serviceIndex finds EndpointSlices by their Service.
	serviceIndex = "kubera.dev/service"
	// classIndex finds Gateways by their class.
	classIndex = "kubera.dev/class"
	// targetIndex finds policies by the Services that they are for, within a
	// namespace.
	targetIndex = "kubera.dev/target"
)

// AddIndexes adds to a cache the indexes that a Reader needs, but those of kinds
// that are absent.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer, absent Absent) error {
	type index struct {
		object client.Object
		field  string
		keys   client.IndexerFunc
	}
	indexes := []index{
		{&discoveryv1.EndpointSlice{}, serviceIndex, sliceService},
		{&gwv1.Gateway{}, classIndex, gatewayClass},
	}
	for _, object := range absent.Children() {
		indexes = append(indexes, index{object, parentIndex, parentKeys})
	}
	if !absent[BackendTLSPolicy] {
		indexes = append(indexes,
			index{&gwv1.BackendTLSPolicy{}, parentIndex, parentKeys},
			index{&gwv1.BackendTLSPolicy{}, targetIndex, targetKeys})
	}
	for _, i := range indexes {
		if err := indexer.IndexField(ctx, i.object, i.field, i.keys); err != nil {
			return fmt.Errorf("add index %s to %T: %w", i.field, i.object, err)
		}
	}
	return nil
}

func sliceService(o client.Object) []string {
	if slice, ok := o.(*discoveryv1.EndpointSlice); ok {
		return []string{snapshot.ServiceOf(slice).Name}
	}
	return nil
}

func parentKeys(o client.Object) []string {
	var keys []string
	for _, name := range Parents(o) {
		keys = append(keys, name.String())
	}
	for _, name := range SetParents(o) {
		keys = append(keys, setKey(name))
	}
	return keys
}

// setKey is the key of a ListenerSet in parentIndex. No Gateway has one like it.
func setKey(name types.NamespacedName) string { return string(ListenerSet) + "/" + name.String() }

func targetKeys(o client.Object) []string {
	var keys []string
	for _, name := range Targets(o) {
		keys = append(keys, name.Name)
	}
	return keys
}

// Targets are the Services that a policy is for.
func Targets(object client.Object) []types.NamespacedName {
	if policy, ok := object.(*gwv1.BackendTLSPolicy); ok {
		return snapshot.TargetsOf(policy)
	}
	return nil
}
