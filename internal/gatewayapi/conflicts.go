// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// findConflicts rejects listeners that are not distinct: the same port with
// protocols that can't share one, or with the same hostname. Of one object's own
// none wins ("the implementation MUST NOT pick one conflicting Listener as the
// winner", Gateway.spec.listeners). The listeners of a Gateway go before those of its
// ListenerSets, and those of a set before those of the next (ListenerSetSpec.listeners):
// whatever the Gateway has, also if it is rejected, is in the way of sets, so that a
// mistake in the Gateway hands no hostname over.
func findConflicts(listeners []*listener) {
	var before []*listener
	for len(listeners) > 0 {
		n := 1
		for n < len(listeners) && listeners[n].set == listeners[0].set {
			n++
		}
		group := listeners[:n]
		listeners = listeners[n:]
		rejectConflicts(group, before)
		for _, l := range group {
			if isServed(l) && (l.set == nil || l.conflict == nil) {
				before = append(before, l)
			}
		}
	}
}

// rejectConflicts rejects those of one object's listeners that are in conflict with
// listeners that go before them, and then those that are so with each other.
func rejectConflicts(group, before []*listener) {
	var rest []*listener
	for _, l := range group {
		l.rejectConflict(before)
		if l.conflict == nil && isServed(l) {
			rest = append(rest, l)
		}
	}
	for _, l := range rest {
		l.rejectConflict(rest)
	}
}

// isServed tells the listeners that can be in others' way. Those of other protocols
// are rejected already.
func isServed(l *listener) bool {
	_, ok := servedKinds[l.spec.Protocol]
	return ok
}

// rejectConflict rejects the listener if it is in conflict with others.
func (l *listener) rejectConflict(others []*listener) {
	protocol, hostname := conflictsOf(l, others)
	var uses []string
	if len(protocol) > 0 {
		uses = append(uses, "with protocol "+protocolsOf(protocol)+" by "+strings.Join(namesFor(l, protocol), ", "))
	}
	if len(hostname) > 0 {
		uses = append(uses, "with the same hostname by "+strings.Join(namesFor(l, hostname), ", "))
	}
	if len(uses) == 0 {
		return
	}
	reason := string(gwv1.ListenerReasonHostnameConflict)
	switch {
	case len(uses) > 1 && l.set != nil:
		// Only ListenerSets have a reason for both (ListenerEntryReasonListenerConflict).
		reason = string(gwv1.ListenerEntryReasonListenerConflict)
	case len(protocol) > 0:
		reason = string(gwv1.ListenerReasonProtocolConflict)
	}
	l.conflict = problemf(reason, "port %d is used %s", l.spec.Port, strings.Join(uses, ", and "))
	l.problem = l.conflict
	l.shut = true
}

// namesFor words listeners for the status of another, each wording once.
func namesFor(reader *listener, listeners []*listener) []string {
	var names []string
	for _, l := range listeners {
		if name := l.nameFor(reader); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// protocolsOf words the protocols of listeners.
func protocolsOf(listeners []*listener) string {
	var names []string
	for _, l := range listeners {
		names = append(names, string(l.spec.Protocol))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " and ")
}

// conflictsOf gives those of others that l is in conflict with: by protocol and by
// hostname. TCP leaves nothing that others could be told by, and UDP ports are others
// than those of TCP.
func conflictsOf(l *listener, others []*listener) (protocol, hostname []*listener) {
	for _, other := range others {
		switch {
		case other == l || other.port() != l.port():
		case !l.hasSNI() || !other.hasSNI():
			if other.spec.Protocol != l.spec.Protocol || l.spec.Protocol != gwv1.HTTPProtocolType {
				protocol = append(protocol, other)
			} else if other.hostname() == l.hostname() {
				hostname = append(hostname, other)
			}
		case other.hostname() != l.hostname():
		case other.spec.Protocol != l.spec.Protocol:
			protocol = append(protocol, other)
		default:
			hostname = append(hostname, other)
		}
	}
	return protocol, hostname
}

// hasSNI says whether connections are told apart by SNI, on a port of their own kind.
func (l *listener) hasSNI() bool {
	return l.spec.Protocol == gwv1.HTTPSProtocolType || l.spec.Protocol == gwv1.TLSProtocolType
}

// findOverlaps notes listeners with TLS on one port whose hostnames overlap. "This
// condition MUST be set on all Listeners with overlapping TLS config"
// (ListenerConditionOverlappingTLSConfig).
func findOverlaps(listeners []*listener) {
	for _, l := range listeners {
		var with []*listener
		for _, other := range listeners {
			if other != l && l.hasSNI() && other.hasSNI() && !l.shut && !other.shut && other.spec.Port == l.spec.Port &&
				intersect(l.hostname(), other.hostname()) {
				with = append(with, other)
			}
		}
		l.overlaps = namesFor(l, with)
	}
}

// overlapWarning words what comes of overlapping hostnames.
func (l *listener) overlapWarning() string {
	consequence := "a connection is served by the most specific of them"
	if l.spec.Protocol == gwv1.HTTPSProtocolType {
		consequence = "a request whose name belongs to another listener than its connection gets 421"
	}
	return "the hostname overlaps with " + strings.Join(l.overlaps, ", ") + "; " + consequence
}

// sharePorts gives each port to the oldest accepted Gateway that has it.
func (t *translation) sharePorts() {
	owners := map[Port]*gateway{}
	for _, object := range sortedByAge(t.snapshot.Gateways) {
		g := t.gateways[snapshot.NameOf(object)]
		if g == nil || g.problem != nil {
			continue
		}
		for _, l := range g.listeners {
			if l.shut {
				continue
			}
			owner := owners[l.port()]
			if owner == nil {
				owners[l.port()] = g
				continue
			}
			if owner != g {
				l.problem = problemf(gwv1.ListenerReasonPortUnavailable, "port %d is used by Gateway %s, on the same address",
					l.spec.Port, owner.model.ID())
				l.shut = true
			}
		}
		g.problem = noListener(g)
		g.model.Accepted = g.problem == nil
	}
}
