// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"fmt"
	"iter"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func (g *gateway) status() gwv1.GatewayStatus {
	object := g.model.Object
	c := conditions{generation: object.Generation}
	g.addAccepted(&c)
	g.addProgrammed(&c)
	c.hold(string(gwv1.GatewayConditionResolvedRefs), string(gwv1.GatewayReasonResolvedRefs),
		"all references are resolved", g.unresolvedSummary())
	g.addInsecureValidation(&c)

	status := gwv1.GatewayStatus{Conditions: c.list, AttachedListenerSets: new(int32)}
	for _, s := range g.sets {
		if s.attached() {
			*status.AttachedListenerSets++
		}
	}
	for l := range g.own() {
		status.Listeners = append(status.Listeners, l.status())
	}
	return status
}

// own are the listeners that the Gateway has itself. Those of ListenerSets have their
// status there.
func (g *gateway) own() iter.Seq[*listener] {
	return func(yield func(*listener) bool) {
		for _, l := range g.listeners {
			if l.set != nil || !yield(l) {
				return
			}
		}
	}
}

func (g *gateway) addAccepted(c *conditions) {
	accepted := string(gwv1.GatewayConditionAccepted)
	if g.problem != nil {
		c.add(accepted, metav1.ConditionFalse, g.problem.reason, g.problem.message)
		return
	}
	if problems := g.listenerProblems(); problems != "" {
		c.add(accepted, metav1.ConditionTrue, string(gwv1.GatewayReasonListenersNotValid), partlyValid(g.acceptedListeners(), problems))
		return
	}
	c.add(accepted, metav1.ConditionTrue, string(gwv1.GatewayReasonAccepted), "the Gateway is accepted")
}

// partlyValid words problems of some of an object's listeners, after the others: "That
// Condition SHOULD clearly indicate in the Message which Listeners are conflicted, and
// which are Accepted" (GatewaySpec.listeners).
func partlyValid(accepted []string, problems string) string {
	return fmt.Sprintf("listeners accepted: %s; not valid: %s", cmp.Or(strings.Join(accepted, ", "), "none"), problems)
}

// addProgrammed says what follows from the objects alone; Programmed has the rest.
func (g *gateway) addProgrammed(c *conditions) {
	programmed := string(gwv1.GatewayConditionProgrammed)
	switch {
	case g.problem != nil:
		c.add(programmed, metav1.ConditionFalse, string(gwv1.GatewayReasonInvalid), "the Gateway is not accepted")
	case g.fixed != "":
		c.add(programmed, metav1.ConditionFalse, string(gwv1.GatewayReasonAddressNotUsable),
			fmt.Sprintf("spec.addresses: %s: addresses can't be chosen: leave the value out to have one assigned", g.fixed))
	default:
		c.pending()
	}
}

// fixedAddress gives the first address with a value.
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
	for l := range g.own() {
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

// acceptedListeners gives the names of those of its own that are not rejected.
func (g *gateway) acceptedListeners() []string {
	var names []string
	for l := range g.own() {
		if l.problem == nil {
			names = append(names, string(l.spec.Name))
		}
	}
	return names
}

// listenerProblems says which listeners are rejected and why, or nothing.
func (g *gateway) listenerProblems() string {
	var parts []string
	for l := range g.own() {
		if l.problem != nil {
			parts = append(parts, fmt.Sprintf("listener %s: %s", l.spec.Name, l.problem.message))
		}
	}
	for _, name := range g.duplicates {
		parts = append(parts, fmt.Sprintf("listener %s: the name is used more than once; only the first is served", name))
	}
	return strings.Join(parts, "; ")
}
