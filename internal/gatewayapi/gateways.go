// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// gateway is a Gateway of ours while it is worked on.
type gateway struct {
	model *Gateway
	// listeners are its own, then those of its ListenerSets in the order of their
	// precedence.
	listeners []*listener
	sets      []*listenerSet
	// problem that rejects the Gateway as a whole.
	problem *problem
	// unresolved references of the Gateway itself.
	unresolved problems
	// fixed is an address that was asked for where there is no choice.
	fixed string
	// duplicates are names that several listeners have. Only the first is served.
	duplicates []string

	backends map[string]*Backend
	services map[types.NamespacedName]struct{}
	secrets  map[types.NamespacedName]struct{}
	bundles  map[types.NamespacedName]struct{}
}

func (t *translation) translateGateways() {
	sets := t.setsByGateway()
	for _, object := range sortedByName(t.snapshot.Gateways) {
		if class := t.classes[string(object.Spec.GatewayClassName)]; class != nil {
			g := t.newGateway(object, class, sets[snapshot.NameOf(object)])
			t.gateways[g.model.Name()] = g
			t.order = append(t.order, g)
		}
	}
	if t.options.SharedAddresses {
		t.sharePorts()
	}
	for _, g := range t.order {
		t.openListeners(g)
	}
}

func (t *translation) newGateway(object *gwv1.Gateway, class *class, sets []*gwv1.ListenerSet) *gateway {
	g := &gateway{
		model:    &Gateway{Object: object},
		backends: map[string]*Backend{},
		services: map[types.NamespacedName]struct{}{},
		secrets:  map[types.NamespacedName]struct{}{},
		bundles:  map[types.NamespacedName]struct{}{},
	}
	g.model.Parameters, g.problem = t.gatewayParameters(object, class)
	if g.problem == nil {
		g.problem = unsupportedAddress(object.Spec.Addresses)
	}
	if t.options.SharedAddresses {
		g.fixed = fixedAddress(object.Spec.Addresses)
	}
	g.unresolved.add(t.resolveClientCertificate(g))

	seen := map[gwv1.SectionName]bool{}
	for i := range object.Spec.Listeners {
		spec := &object.Spec.Listeners[i]
		if seen[spec.Name] {
			g.duplicates = append(g.duplicates, string(spec.Name))
			continue
		}
		seen[spec.Name] = true
		g.listeners = append(g.listeners, t.newListener(g, nil, spec))
	}
	t.attachSets(g, sets)
	findConflicts(g.listeners)
	findOverlaps(g.listeners)
	if g.problem == nil {
		g.problem = noListener(g)
	}
	g.model.Accepted = g.problem == nil
	return g
}

// unsupportedAddress finds an address of a type that can't be served.
func unsupportedAddress(addresses []gwv1.GatewaySpecAddress) *problem {
	for i, a := range addresses {
		switch addressType(a.Type) {
		case gwv1.IPAddressType, gwv1.HostnameAddressType:
		default:
			return problemf(gwv1.GatewayReasonUnsupportedAddress,
				"spec.addresses[%d]: type %s is not supported: use IPAddress or Hostname", i, *a.Type)
		}
	}
	return nil
}

// addressType applies the default of the API.
func addressType(t *gwv1.AddressType) gwv1.AddressType {
	if t == nil {
		return gwv1.IPAddressType
	}
	return *t
}

// noListener rejects a Gateway none of whose listeners is accepted, those of its
// ListenerSets included: "Implementations MUST treat the parent Gateway as having the
// merged list of all listeners" (ListenerSetSpec.listeners).
//
// A listener that can verify no client any more counts, although it is not accepted: a
// Gateway without any goes on as it was, and would go on letting those in whom the CA
// certificates vouched for that are gone.
func noListener(g *gateway) *problem {
	for _, l := range g.listeners {
		if l.problem == nil || l.problem.reason == string(gwv1.ListenerReasonNoValidCACertificate) {
			return nil
		}
	}
	return problemf(gwv1.GatewayReasonListenersNotValid, "no listener is accepted: %s", g.listenerProblems())
}

// dependOnConfigMap notes one that decides what is served.
func (g *gateway) dependOnConfigMap(name types.NamespacedName) {
	if name.Name != "" {
		g.bundles[name] = struct{}{}
	}
}

// finish fills in the model what routes added.
func (g *gateway) finish() {
	m := g.model
	slices.SortFunc(m.Routes, func(a, b *Route) int { return cmp.Compare(a.ID(), b.ID()) })
	m.Backends = slices.SortedFunc(maps.Values(g.backends), func(a, b *Backend) int { return cmp.Compare(a.ID(), b.ID()) })
	m.Services = slices.SortedFunc(maps.Keys(g.services), compareNames)
	m.Secrets = slices.SortedFunc(maps.Keys(g.secrets), compareNames)
	m.ConfigMaps = slices.SortedFunc(maps.Keys(g.bundles), compareNames)
}
