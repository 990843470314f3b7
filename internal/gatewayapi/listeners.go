// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// listener is a listener of a Gateway of ours while it is worked on.
type listener struct {
	gateway *gateway
	// set is the ListenerSet that the listener comes from, nil for the Gateway's own.
	set  *listenerSet
	spec *gwv1.Listener
	// problem that rejects the listener, the first that was found.
	problem *problem
	// conflict with another listener. It is the problem, too.
	conflict *problem
	// shut is set where no socket may be opened for the listener. Other
	// problems leave a listener without routes and certificates, which keeps
	// its hostname's requests from less specific ones.
	shut bool
	// overlaps words the listeners with overlapping hostnames on one port of TLS.
	overlaps []string

	kinds            []gwv1.RouteGroupKind
	namespaces       namespaces
	certificates     []*Certificate
	clientValidation *ClientValidation
	unresolved       problems

	attached int32
	model    *Listener
}

// servedKinds are the kinds of routes that listeners of a protocol take.
// Protocols that are not here are not served.
var servedKinds = map[gwv1.ProtocolType][]gwv1.Kind{
	gwv1.HTTPProtocolType:  {"HTTPRoute", "GRPCRoute"},
	gwv1.HTTPSProtocolType: {"HTTPRoute", "GRPCRoute"},
	gwv1.TLSProtocolType:   {"TLSRoute"},
	gwv1.TCPProtocolType:   {"TCPRoute"},
	gwv1.UDPProtocolType:   {"UDPRoute"},
}

// port is the socket that the listener needs.
func (l *listener) port() Port { return portOf(l.spec.Port, config.Protocol(l.spec.Protocol)) }

// terminates says whether sessions of TLS end at the listener.
func (l *listener) terminates() bool {
	switch l.spec.Protocol {
	case gwv1.HTTPSProtocolType:
		return true
	case gwv1.TLSProtocolType:
		return !l.passesThrough()
	}
	return false
}

// passesThrough says whether sessions of TLS are left to the endpoints.
func (l *listener) passesThrough() bool {
	tls := l.spec.TLS
	return l.spec.Protocol == gwv1.TLSProtocolType && tls != nil && tls.Mode != nil && *tls.Mode == gwv1.TLSModePassthrough
}

func (l *listener) hostname() string {
	if l.spec.Hostname == nil {
		return ""
	}
	return strings.ToLower(string(*l.spec.Hostname))
}

// owner is the object that the listener is a part of, which its references come
// from: "ReferenceGrants applied to a Gateway are not inherited by child
// ListenerSets" (ListenerSet).
func (l *listener) owner() referrer {
	if l.set != nil {
		return referrer{group: gwv1.GroupName, kind: "ListenerSet", namespace: l.set.object.Namespace}
	}
	return gatewayReferrer(l.gateway)
}

// generation of the owner.
func (l *listener) generation() int64 {
	if l.set != nil {
		return l.set.object.Generation
	}
	return l.gateway.model.Object.Generation
}

// nameFor words the listener for the status of another. A ListenerSet learns
// nothing of its siblings: "Implementations SHOULD be cautious about what
// information from the parent or siblings are reported" (ListenerSetSpec.listeners).
func (l *listener) nameFor(reader *listener) string {
	switch {
	case l.set == reader.set:
		return "listener " + string(l.spec.Name)
	case l.set == nil:
		return "a listener of the Gateway"
	case reader.set != nil:
		return "a listener of another ListenerSet"
	}
	return fmt.Sprintf("listener %s of ListenerSet %s", l.spec.Name, snapshot.NameOf(l.set.object))
}

// newListener makes a listener of the Gateway, or of a ListenerSet if set is not nil.
func (t *translation) newListener(g *gateway, set *listenerSet, spec *gwv1.Listener) *listener {
	l := &listener{gateway: g, set: set, spec: spec}
	l.namespaces = newNamespaces(l.owner().namespace, spec.AllowedRoutes)
	for _, check := range listenerChecks {
		if l.problem = check(l); l.problem != nil {
			break
		}
	}
	l.resolveKinds()
	if l.terminates() && spec.TLS != nil {
		t.resolveCertificates(l)
		t.resolveClientValidation(l)
	}
	return l
}

// reject makes the listener one that is not accepted, if nothing has before.
func (l *listener) reject(p *problem) {
	if l.problem == nil {
		l.problem = p
	}
}

// resolveKinds works out supportedKinds: those of the spec that are served, or
// all that are.
func (l *listener) resolveKinds() {
	l.kinds = []gwv1.RouteGroupKind{}
	group := gwv1.Group(gwv1.GroupName)
	able := servedKinds[l.spec.Protocol]
	if l.spec.AllowedRoutes == nil || len(l.spec.AllowedRoutes.Kinds) == 0 {
		for _, kind := range able {
			l.kinds = append(l.kinds, gwv1.RouteGroupKind{Group: &group, Kind: kind})
		}
		return
	}
	for i, k := range l.spec.AllowedRoutes.Kinds {
		if (k.Group == nil || *k.Group == group) && slices.Contains(able, k.Kind) {
			if !l.takes(k.Kind) {
				l.kinds = append(l.kinds, gwv1.RouteGroupKind{Group: &group, Kind: k.Kind})
			}
			continue
		}
		l.unresolved.add(problemf(gwv1.ListenerReasonInvalidRouteKinds,
			"allowedRoutes.kinds[%d]: %s is not supported with protocol %s", i, k.Kind, l.spec.Protocol))
	}
}

// takes says whether the listener takes routes of a kind.
func (l *listener) takes(kind gwv1.Kind) bool {
	return slices.ContainsFunc(l.kinds, func(k gwv1.RouteGroupKind) bool { return k.Kind == kind })
}

// takesFrom says whether the listener takes routes from a namespace.
func (l *listener) takesFrom(namespace string, labels labels.Set) bool {
	return l.namespaces.contains(namespace, labels)
}

// openListeners makes the model of the listeners that get a socket.
func (t *translation) openListeners(g *gateway) {
	if g.problem != nil {
		return
	}
	for _, l := range g.listeners {
		if l.shut {
			continue
		}
		l.model = &Listener{
			Name:     string(l.spec.Name),
			Set:      l.setName(),
			Port:     l.spec.Port,
			Protocol: config.Protocol(l.spec.Protocol),
			Hostname: l.hostname(),

			Passthrough: l.passesThrough(),
		}
		if l.problem == nil {
			l.model.Certificates, l.model.ClientValidation = l.certificates, l.clientValidation
		}
		g.model.Listeners = append(g.model.Listeners, l.model)
	}
}

// setName is empty for the Gateway's own listeners.
func (l *listener) setName() types.NamespacedName {
	if l.set == nil {
		return types.NamespacedName{}
	}
	return snapshot.NameOf(l.set.object)
}

// unusable says why a listener takes no requests, or nothing.
func (l *listener) unusable() string {
	switch {
	case l.problem != nil:
		return "the listener is not accepted"
	case l.gateway.problem != nil:
		return "the Gateway is not accepted"
	case l.terminates() && len(l.certificates) == 0:
		return "no certificate is usable: handshakes are refused"
	}
	return ""
}

func (l *listener) status() gwv1.ListenerStatus {
	c := conditions{generation: l.generation()}
	c.hold(string(gwv1.ListenerConditionAccepted), string(gwv1.ListenerReasonAccepted), "the listener is valid", l.problem)
	l.addProgrammed(&c)
	c.hold(string(gwv1.ListenerConditionResolvedRefs), string(gwv1.ListenerReasonResolvedRefs),
		"all references are resolved", l.unresolved.summary())
	if l.conflict != nil {
		c.add(string(gwv1.ListenerConditionConflicted), metav1.ConditionTrue, l.conflict.reason, l.conflict.message)
	} else {
		c.add(string(gwv1.ListenerConditionConflicted), metav1.ConditionFalse, string(gwv1.ListenerReasonNoConflicts), "no conflicts")
	}
	if len(l.overlaps) > 0 {
		c.add(string(gwv1.ListenerConditionOverlappingTLSConfig), metav1.ConditionTrue, string(gwv1.ListenerReasonOverlappingHostnames),
			l.overlapWarning())
	}
	return gwv1.ListenerStatus{
		Name:           l.spec.Name,
		SupportedKinds: l.kinds,
		AttachedRoutes: l.attached,
		Conditions:     c.list,
	}
}

func (l *listener) addProgrammed(c *conditions) {
	programmed := string(gwv1.ListenerConditionProgrammed)
	switch reason := l.unusable(); {
	case l.conflict != nil:
		c.add(programmed, metav1.ConditionFalse, l.conflict.reason, l.conflict.message)
	case reason != "":
		c.add(programmed, metav1.ConditionFalse, string(gwv1.ListenerReasonInvalid), reason)
	default:
		c.pending()
	}
}
