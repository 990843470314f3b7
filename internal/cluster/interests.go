// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Kind of an object that a Gateway can depend on.
type Kind string

// The kinds. Grants stands for all ReferenceGrants of a namespace, Endpoints for
// all EndpointSlices of a Service.
const (
	GatewayClass           Kind = "GatewayClass"
	GatewayClassParameters Kind = "GatewayClassParameters"
	GatewayParameters      Kind = "GatewayParameters"
	Namespace              Kind = "Namespace"
	Service                Kind = "Service"
	Endpoints              Kind = "Endpoints"
	Secret                 Kind = "Secret"
	ConfigMap              Kind = "ConfigMap"
	Grants                 Kind = "ReferenceGrant"
	StaticResponseFilter   Kind = "StaticResponseFilter"
	AccessControlFilter    Kind = "AccessControlFilter"
)

// Optional kinds beside Grants. No interest is noted in them, but for ListenerSets,
// whose routes concern who is interested in the set: they name the Gateways, or the
// Services, that they concern.
const (
	GRPCRoute        Kind = "GRPCRoute"
	TLSRoute         Kind = "TLSRoute"
	TCPRoute         Kind = "TCPRoute"
	UDPRoute         Kind = "UDPRoute"
	ListenerSet      Kind = "ListenerSet"
	BackendTLSPolicy Kind = "BackendTLSPolicy"
)

// OptionalKinds are those that a cluster need not have.
func OptionalKinds() []Kind {
	return []Kind{Grants, GRPCRoute, TLSRoute, TCPRoute, UDPRoute, ListenerSet, BackendTLSPolicy}
}

// Key names an object, whether it exists or not.
type Key struct {
	Kind Kind
	types.NamespacedName
}

// Interests knows which Gateways depend on which objects. The zero value is
// ready; it is safe for concurrent use.
type Interests struct {
	mu        sync.Mutex
	gateways  map[Key]map[types.NamespacedName]struct{}
	interests map[types.NamespacedName]map[Key]struct{}
}

// Of returns the Gateways that depend on an object, sorted.
func (i *Interests) Of(kind Kind, name types.NamespacedName) []types.NamespacedName {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.SortedFunc(maps.Keys(i.gateways[Key{kind, name}]), func(a, b types.NamespacedName) int {
		return strings.Compare(a.String(), b.String())
	})
}

// Forget drops the interests of a Gateway.
func (i *Interests) Forget(gateway types.NamespacedName) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for key := range i.interests[gateway] {
		i.drop(gateway, key)
	}
}

func (i *Interests) drop(gateway types.NamespacedName, key Key) {
	delete(i.gateways[key], gateway)
	if len(i.gateways[key]) == 0 {
		delete(i.gateways, key)
	}
	delete(i.interests[gateway], key)
	if len(i.interests[gateway]) == 0 {
		delete(i.interests, gateway)
	}
}

// reading collects the interests of a Gateway while it is read. An interest holds
// from before the object is looked up, so that no change of it can slip between.
type reading struct {
	interests *Interests
	gateway   types.NamespacedName
	seen      map[Key]struct{}
}

func (i *Interests) begin(gateway types.NamespacedName) *reading {
	return &reading{interests: i, gateway: gateway, seen: map[Key]struct{}{}}
}

// first notes an interest and reports whether it is the first of this reading in
// the object.
func (r *reading) first(kind Kind, name types.NamespacedName) bool {
	key := Key{kind, name}
	if _, ok := r.seen[key]; ok {
		return false
	}
	r.seen[key] = struct{}{}
	i := r.interests
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.gateways == nil {
		i.gateways = map[Key]map[types.NamespacedName]struct{}{}
		i.interests = map[types.NamespacedName]map[Key]struct{}{}
	}
	if i.gateways[key] == nil {
		i.gateways[key] = map[types.NamespacedName]struct{}{}
	}
	i.gateways[key][r.gateway] = struct{}{}
	if i.interests[r.gateway] == nil {
		i.interests[r.gateway] = map[Key]struct{}{}
	}
	i.interests[r.gateway][key] = struct{}{}
	return true
}

// done drops the interests from earlier that this reading did not have.
func (r *reading) done() {
	r.interests.mu.Lock()
	defer r.interests.mu.Unlock()
	for key := range r.interests.interests[r.gateway] {
		if _, ok := r.seen[key]; !ok {
			r.interests.drop(r.gateway, key)
		}
	}
}
