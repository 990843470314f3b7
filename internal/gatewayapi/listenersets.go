// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// listenerSet is a ListenerSet of a Gateway of ours while it is worked on.
type listenerSet struct {
	object    *gwv1.ListenerSet
	gateway   *gateway
	listeners []*listener
	// problem that keeps the set from the Gateway. There are no listeners then.
	problem *problem
	// duplicates are names that several listeners have. Only the first is served.
	duplicates []string
}

// setsByGateway gives the ListenerSets of the snapshot by the Gateway that they
// name, those that take precedence first: the older, then by name
// (ListenerSetSpec.listeners).
func (t *translation) setsByGateway() map[types.NamespacedName][]*gwv1.ListenerSet {
	sets := map[types.NamespacedName][]*gwv1.ListenerSet{}
	for _, set := range sortedByAge(t.snapshot.ListenerSets) {
		if name, ok := snapshot.GatewayOfSet(set); ok {
			sets[name] = append(sets[name], set)
		}
	}
	return sets
}

// attachSets merges the listeners of ListenerSets into the Gateway, behind its own.
func (t *translation) attachSets(g *gateway, objects []*gwv1.ListenerSet) {
	allowed := allowedSets(g.model.Object)
	for _, object := range objects {
		s := &listenerSet{object: object, gateway: g}
		t.sets[snapshot.NameOf(object)] = s
		g.sets = append(g.sets, s)
		if s.problem = t.notAllowed(allowed, g, object); s.problem != nil {
			continue
		}
		seen := map[gwv1.SectionName]bool{}
		for i := range object.Spec.Listeners {
			spec := gwv1.Listener(object.Spec.Listeners[i])
			if seen[spec.Name] {
				s.duplicates = append(s.duplicates, string(spec.Name))
				continue
			}
			seen[spec.Name] = true
			s.listeners = append(s.listeners, t.newListener(g, s, &spec))
		}
		g.listeners = append(g.listeners, s.listeners...)
	}
}

// allowedSets are the namespaces that a Gateway takes ListenerSets from. "The
// default value is to allow no ListenerSets" (GatewaySpec.allowedListeners).
func allowedSets(g *gwv1.Gateway) namespaces {
	from := gwv1.NamespacesFromNone
	var selector *metav1.LabelSelector
	if allowed := g.Spec.AllowedListeners; allowed != nil && allowed.Namespaces != nil {
		if allowed.Namespaces.From != nil {
			from = *allowed.Namespaces.From
		}
		selector = allowed.Namespaces.Selector
	}
	return selectNamespaces(g.Namespace, from, selector)
}

func (t *translation) notAllowed(allowed namespaces, g *gateway, set *gwv1.ListenerSet) *problem {
	const reason = gwv1.ListenerSetReasonNotAllowed
	switch {
	case allowed.err != nil:
		return problemf(reason, "spec.allowedListeners.namespaces of Gateway %s: %v", g.model.ID(), allowed.err)
	case !allowed.contains(set.Namespace, t.namespaceLabels(set.Namespace)):
		return problemf(reason, "spec.allowedListeners of Gateway %s does not allow ListenerSets from namespace %s", g.model.ID(), set.Namespace)
	}
	return nil
}

// attached says whether the set counts as one of the Gateway's.
func (s *listenerSet) attached() bool { return s.rejection() == nil }

// rejection says why the set as a whole is not accepted.
func (s *listenerSet) rejection() *problem {
	switch {
	case s.problem != nil:
		return s.problem
	case s.gateway.problem != nil:
		return problemf(gwv1.ListenerSetReasonParentNotAccepted, "Gateway %s is not accepted", s.gateway.model.ID())
	}
	for _, l := range s.listeners {
		if l.unusable() == "" {
			return nil
		}
	}
	return problemf(gwv1.ListenerSetReasonListenersNotValid, "no listener is valid: %s", s.listenerProblems())
}

// listenerProblems says which listeners are not served and why, or nothing.
func (s *listenerSet) listenerProblems() string {
	var parts []string
	for _, l := range s.listeners {
		switch reason := l.unusable(); {
		case l.problem != nil:
			parts = append(parts, fmt.Sprintf("listener %s: %s", l.spec.Name, l.problem.message))
		case reason != "":
			parts = append(parts, fmt.Sprintf("listener %s: %s", l.spec.Name, reason))
		}
	}
	for _, name := range s.duplicates {
		parts = append(parts, fmt.Sprintf("listener %s: the name is used more than once; only the first is served", name))
	}
	return strings.Join(parts, "; ")
}

// validListeners gives the names of those that are served.
func (s *listenerSet) validListeners() []string {
	var names []string
	for _, l := range s.listeners {
		if l.unusable() == "" {
			names = append(names, string(l.spec.Name))
		}
	}
	return names
}

func (s *listenerSet) status() gwv1.ListenerSetStatus {
	accepted, programmed := string(gwv1.ListenerSetConditionAccepted), string(gwv1.ListenerSetConditionProgrammed)
	c := conditions{generation: s.object.Generation}
	switch rejection, problems := s.rejection(), s.listenerProblems(); {
	case rejection != nil:
		c.hold(accepted, "", "", rejection)
		c.hold(programmed, "", "", rejection)
	case problems != "":
		c.add(accepted, metav1.ConditionTrue, string(gwv1.ListenerSetReasonListenersNotValid), partlyValid(s.validListeners(), problems))
		c.pending()
	default:
		c.add(accepted, metav1.ConditionTrue, string(gwv1.ListenerSetReasonAccepted), "the listeners are part of Gateway "+s.gateway.model.ID())
		c.pending()
	}
	status := gwv1.ListenerSetStatus{Conditions: c.list}
	for _, l := range s.listeners {
		status.Listeners = append(status.Listeners, gwv1.ListenerEntryStatus(l.status()))
	}
	return status
}

// listenerSetStatuses gives those of the sets that name Gateways of ours.
func (t *translation) listenerSetStatuses() map[types.NamespacedName]gwv1.ListenerSetStatus {
	statuses := map[types.NamespacedName]gwv1.ListenerSetStatus{}
	for name, s := range t.sets {
		statuses[name] = s.status()
	}
	return statuses
}
