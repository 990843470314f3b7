// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// findConflicts rejects listeners that are not distinct: the same port with
// different protocols, or with the same protocol and hostname. None of them
// wins ("the implementation MUST NOT pick one conflicting Listener as the
// winner", Gateway.spec.listeners). Listeners of protocols that are not served
// are rejected already, and in nobody's way.
func findConflicts(listeners []*listener) {
	for _, l := range listeners {
		if _, ok := servedKinds[l.spec.Protocol]; !ok {
			continue
		}
		others, reason := conflictsOf(l, listeners)
		if len(others) == 0 {
			continue
		}
		what := "the same hostname"
		if reason == gwv1.ListenerReasonProtocolConflict {
			what = "another protocol"
		}
		l.conflict = problemf(reason, "port %d is used with %s by %s", l.spec.Port, what, strings.Join(others, ", "))
	}
	for _, l := range listeners {
		if l.conflict != nil {
			l.problem = l.conflict
			l.shut = true
		}
	}
}

// conflictsOf gives the names of the listeners that l is in conflict with.
func conflictsOf(l *listener, listeners []*listener) ([]string, gwv1.ListenerConditionReason) {
	var protocol, hostname []string
	for _, other := range listeners {
		if other == l || other.spec.Port != l.spec.Port {
			continue
		}
		if _, ok := servedKinds[other.spec.Protocol]; !ok {
			continue
		}
		switch {
		case other.spec.Protocol != l.spec.Protocol:
			protocol = append(protocol, "listener "+string(other.spec.Name))
		case other.hostname() == l.hostname():
			hostname = append(hostname, "listener "+string(other.spec.Name))
		}
	}
	if len(protocol) > 0 {
		return protocol, gwv1.ListenerReasonProtocolConflict
	}
	return hostname, gwv1.ListenerReasonHostnameConflict
}

// findOverlaps notes HTTPS listeners of one port whose hostnames overlap.
func findOverlaps(listeners []*listener) {
	for _, l := range listeners {
		for _, other := range listeners {
			if other != l && terminates(l) && terminates(other) && other.spec.Port == l.spec.Port &&
				intersect(l.hostname(), other.hostname()) {
				l.overlaps = append(l.overlaps, string(other.spec.Name))
			}
		}
	}
}

func terminates(l *listener) bool { return l.spec.Protocol == gwv1.HTTPSProtocolType && !l.shut }

// sharePorts gives each port to the oldest accepted Gateway that has it.
func (t *translation) sharePorts() {
	owners := map[int32]*gateway{}
	for _, object := range sortedByAge(t.snapshot.Gateways) {
		g := t.gateways[snapshot.NameOf(object)]
		if g == nil || g.problem != nil {
			continue
		}
		for _, l := range g.listeners {
			if l.shut {
				continue
			}
			owner := owners[l.spec.Port]
			if owner == nil {
				owners[l.spec.Port] = g
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
