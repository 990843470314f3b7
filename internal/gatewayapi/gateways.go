// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// gateway is a Gateway of ours while it is worked on.
type gateway struct {
	model     *Gateway
	listeners []*listener
	// problem that rejects the Gateway as a whole.
	problem *problem
	// unresolved references of the Gateway itself.
	unresolved problems
	// duplicates are names that several listeners have. Only the first is served.
	duplicates []string

	backends map[string]*Backend
	services map[types.NamespacedName]struct{}
	secrets  map[types.NamespacedName]struct{}
}

func (t *translation) translateGateways() {
	for _, object := range sortedByName(t.snapshot.Gateways) {
		if class := t.classes[string(object.Spec.GatewayClassName)]; class != nil {
			g := t.newGateway(object, class)
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

func (t *translation) newGateway(object *gwv1.Gateway, class *class) *gateway {
	g := &gateway{
		model:    &Gateway{Object: object},
		backends: map[string]*Backend{},
		services: map[types.NamespacedName]struct{}{},
		secrets:  map[types.NamespacedName]struct{}{},
	}
	g.model.Parameters, g.problem = t.gatewayParameters(object, class)
	if g.problem == nil {
		g.problem = unsupportedAddress(object.Spec.Addresses)
	}
	g.unresolved.add(t.clientCertificate(g))

	seen := map[gwv1.SectionName]bool{}
	for i := range object.Spec.Listeners {
		spec := &object.Spec.Listeners[i]
		if seen[spec.Name] {
			g.duplicates = append(g.duplicates, string(spec.Name))
			continue
		}
		seen[spec.Name] = true
		g.listeners = append(g.listeners, t.newListener(g, spec))
	}
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

// noListener rejects a Gateway none of whose listeners is accepted.
func noListener(g *gateway) *problem {
	for _, l := range g.listeners {
		if l.problem == nil {
			return nil
		}
	}
	return problemf(gwv1.GatewayReasonListenersNotValid, "no listener is accepted: %s", g.listenerProblems())
}

// listenerProblems says which listeners are rejected and why, or nothing.
func (g *gateway) listenerProblems() string {
	var parts []string
	for _, l := range g.listeners {
		if l.problem != nil {
			parts = append(parts, fmt.Sprintf("listener %s: %s", l.spec.Name, l.problem.message))
		}
	}
	for _, name := range g.duplicates {
		parts = append(parts, fmt.Sprintf("listener %s: the name is used more than once; only the first is served", name))
	}
	return strings.Join(parts, "; ")
}

// finish fills in the model what routes added.
func (g *gateway) finish() {
	m := g.model
	slices.SortFunc(m.Routes, func(a, b *Route) int { return cmp.Compare(a.ID(), b.ID()) })
	m.Backends = slices.SortedFunc(maps.Values(g.backends), func(a, b *Backend) int { return cmp.Compare(a.ID(), b.ID()) })
	m.Services = slices.SortedFunc(maps.Keys(g.services), compareNames)
	m.Secrets = slices.SortedFunc(maps.Keys(g.secrets), compareNames)
}

func (g *gateway) status() gwv1.GatewayStatus {
	object := g.model.Object
	c := conditions{generation: object.Generation}
	g.addAccepted(&c)
	g.addProgrammed(&c)
	c.hold(string(gwv1.GatewayConditionResolvedRefs), string(gwv1.GatewayReasonResolvedRefs),
		"all references are resolved", g.unresolvedSummary())

	none := int32(0)
	status := gwv1.GatewayStatus{Conditions: c.list, AttachedListenerSets: &none}
	for _, l := range g.listeners {
		status.Listeners = append(status.Listeners, l.status())
	}
	return status
}

func (g *gateway) addAccepted(c *conditions) {
	accepted := string(gwv1.GatewayConditionAccepted)
	if g.problem != nil {
		c.add(accepted, metav1.ConditionFalse, g.problem.reason, g.problem.message)
		return
	}
	if problems := g.listenerProblems(); problems != "" {
		c.add(accepted, metav1.ConditionTrue, string(gwv1.GatewayReasonListenersNotValid),
			"served without the listeners that are not valid: "+problems)
		return
	}
	c.add(accepted, metav1.ConditionTrue, string(gwv1.GatewayReasonAccepted), "the Gateway is accepted")
}

// addProgrammed says what follows from the objects alone; Programmed has the rest.
func (g *gateway) addProgrammed(c *conditions) {
	programmed := string(gwv1.GatewayConditionProgrammed)
	switch fixed := fixedAddress(g.model.Object.Spec.Addresses); {
	case g.problem != nil:
		c.add(programmed, metav1.ConditionFalse, string(gwv1.GatewayReasonInvalid), "the Gateway is not accepted")
	case fixed != "":
		c.add(programmed, metav1.ConditionFalse, string(gwv1.GatewayReasonAddressNotUsable),
			fmt.Sprintf("spec.addresses: %s: addresses can't be chosen: leave the value out to have one assigned", fixed))
	default:
		c.add(programmed, metav1.ConditionUnknown, string(gwv1.GatewayReasonPending), "waiting for the proxies")
	}
}

// fixedAddress gives the first address with a value, which is not served.
func fixedAddress(addresses []gwv1.GatewaySpecAddress) string {
	for _, a := range addresses {
		if a.Value != "" {
			return a.Value
		}
	}
	return ""
}

// unresolvedSummary is the ResolvedRefs of the Gateway: its own references, then
// a summary of the listeners'.
func (g *gateway) unresolvedSummary() *problem {
	if p := g.unresolved.summary(); p != nil {
		return p
	}
	var names []string
	for _, l := range g.listeners {
		if len(l.unresolved) > 0 {
			names = append(names, string(l.spec.Name))
		}
	}
	if names == nil {
		return nil
	}
	return problemf(gwv1.GatewayReasonListenersNotResolved, "listeners with references that are not resolved: %s",
		strings.Join(names, ", "))
}
