// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// parent is a parentRef of a route that leads to a Gateway of ours.
type parent struct {
	ref         gwv1.ParentReference
	gateway     *gateway
	attachments []attachment
	// problem is set if there are no attachments.
	problem *problem
}

type attachment struct {
	listener  *listener
	hostnames []string
}

// parentsOf gives the parents of a route that are ours. A parentRef that is
// repeated counts once.
func (t *translation) parentsOf(r *route) []*parent {
	var parents []*parent
	seen := map[parentKey]bool{}
	for _, ref := range r.parents {
		key := keyOf(ref, r.object.GetNamespace())
		if seen[key] {
			continue
		}
		seen[key] = true
		if p := t.parentOf(r, ref, key); p != nil {
			parents = append(parents, p)
		}
	}
	return parents
}

// parentKey is a parentRef with its defaults.
type parentKey struct {
	group, kind string
	name        types.NamespacedName
	section     string
	port        int32
}

func keyOf(ref gwv1.ParentReference, namespace string) parentKey {
	k := parentKey{group: gwv1.GroupName, kind: "Gateway", name: types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}}
	if ref.Group != nil {
		k.group = string(*ref.Group)
	}
	if ref.Kind != nil {
		k.kind = string(*ref.Kind)
	}
	if ref.Namespace != nil {
		k.name.Namespace = string(*ref.Namespace)
	}
	if ref.SectionName != nil {
		k.section = string(*ref.SectionName)
	}
	if ref.Port != nil {
		k.port = *ref.Port
	}
	return k
}

func (t *translation) parentOf(r *route, ref gwv1.ParentReference, key parentKey) *parent {
	if key.group != gwv1.GroupName {
		return nil
	}
	switch key.kind {
	case "Gateway":
		g := t.gateways[key.name]
		if g == nil {
			return nil
		}
		p := &parent{ref: ref, gateway: g}
		p.attachments, p.problem = t.match(r, g, key)
		return p
	case "ListenerSet":
		set := t.index.ListenerSet(key.name)
		if set == nil || t.gatewayOfSet(set) == nil {
			return nil
		}
		return &parent{ref: ref, problem: problemf(gwv1.RouteReasonNoMatchingParent,
			"ListenerSet %s is not served: ListenerSets are not supported", key.name)}
	}
	return nil
}

// match finds the listeners of a Gateway that take a route, or says why there
// are none: the one that came furthest decides.
func (t *translation) match(r *route, g *gateway, key parentKey) ([]attachment, *problem) {
	var (
		attachments      []attachment
		refused, foreign []string
		namespace        = r.object.GetNamespace()
		labels           = t.namespaceLabels(namespace)
		selected         = selectListeners(g, key)
	)
	if len(selected) == 0 {
		return nil, problemf(gwv1.RouteReasonNoMatchingParent, "Gateway %s has no listener%s", key.name, key.selection())
	}
	for _, l := range selected {
		if reason := l.refuses(r, namespace, labels); reason != "" {
			refused = append(refused, "listener "+string(l.spec.Name)+" "+reason)
			continue
		}
		own, ok := intersecting(l.hostname(), r.hostnames)
		if !ok {
			foreign = append(foreign, "listener "+string(l.spec.Name)+" has "+l.hostname())
			continue
		}
		attachments = append(attachments, attachment{listener: l, hostnames: own})
	}
	switch {
	case len(attachments) > 0:
		return attachments, nil
	case len(foreign) > 0:
		return nil, problemf(gwv1.RouteReasonNoMatchingListenerHostname, "no hostname of the route is one of a listener: %s",
			strings.Join(foreign, "; "))
	}
	return nil, problemf(gwv1.RouteReasonNotAllowedByListeners, "%s", strings.Join(refused, "; "))
}

// selectListeners gives the listeners that a parentRef names.
func selectListeners(g *gateway, key parentKey) []*listener {
	var selected []*listener
	for _, l := range g.listeners {
		if (key.section == "" || key.section == string(l.spec.Name)) && (key.port == 0 || key.port == l.spec.Port) {
			selected = append(selected, l)
		}
	}
	return selected
}

func (k parentKey) selection() string {
	var parts []string
	if k.section != "" {
		parts = append(parts, " named "+k.section)
	}
	if k.port != 0 {
		parts = append(parts, problemf("", " on port %d", k.port).message)
	}
	return strings.Join(parts, "")
}

// refuses says why allowedRoutes of a listener exclude a route, or nothing.
func (l *listener) refuses(r *route, namespace string, set labels.Set) string {
	switch {
	case len(l.kinds) == 0:
		return "takes no routes"
	case !l.takes(r.kind):
		return "takes no " + string(r.kind)
	case !l.takesFrom(namespace, set):
		return "takes no routes from namespace " + namespace
	}
	return ""
}

// attach puts a route into the models of its Gateways and counts it at its
// listeners, each once however many parentRefs lead there. A rejected route is
// not counted, but its rules are there to fail closed.
func (t *translation) attach(r *route, c *compiled, parents []*parent) {
	models := map[*gateway]*Route{}
	seen := map[*listener]bool{}
	for _, p := range parents {
		for _, a := range p.attachments {
			if seen[a.listener] {
				continue
			}
			seen[a.listener] = true
			if c.rejected == nil {
				a.listener.attached++
			}
			p.gateway.depend(c)
			// A listener that is not accepted takes requests only to refuse them.
			if a.listener.model == nil || a.listener.problem != nil || len(c.rules) == 0 {
				continue
			}
			model := models[p.gateway]
			if model == nil {
				model = &Route{
					Kind: r.kind, Name: snapshot.NameOf(r.object),
					Created: r.object.GetCreationTimestamp().Time, Rules: c.rules,
				}
				models[p.gateway] = model
				p.gateway.model.Routes = append(p.gateway.model.Routes, model)
				p.gateway.use(c)
			}
			model.Attachments = append(model.Attachments, Attachment{Listener: a.listener.model, Hostnames: a.hostnames})
		}
	}
}

// depend notes the Services that decide what a route of the Gateway does.
func (g *gateway) depend(c *compiled) {
	for _, name := range c.services {
		g.services[name] = struct{}{}
	}
}

// use notes the backends of the rules.
func (g *gateway) use(c *compiled) {
	for _, rule := range c.rules {
		for _, share := range rule.Backends {
			if share.Backend != nil {
				g.backends[share.Backend.ID()] = share.Backend
			}
		}
	}
}

func (t *translation) routeStatus(r *route, c *compiled, parents []*parent) gwv1.RouteStatus {
	status := gwv1.RouteStatus{Parents: make([]gwv1.RouteParentStatus, 0, len(parents))}
	for _, p := range parents {
		conditions := conditions{generation: r.object.GetGeneration()}
		problem := p.problem
		if problem == nil {
			problem = c.rejected
		}
		conditions.hold(string(gwv1.RouteConditionAccepted), string(gwv1.RouteReasonAccepted), "the route is attached", problem)
		conditions.hold(string(gwv1.RouteConditionResolvedRefs), string(gwv1.RouteReasonResolvedRefs),
			"all references are resolved", c.unresolved.summary())
		if problem == nil && c.partly != nil {
			conditions.add(string(gwv1.RouteConditionPartiallyInvalid), metav1.ConditionTrue, c.partly.reason, c.partly.message)
		}
		status.Parents = append(status.Parents, gwv1.RouteParentStatus{
			ParentRef:      *p.ref.DeepCopy(),
			ControllerName: gwv1.GatewayController(t.options.ControllerName),
			Conditions:     conditions.list,
		})
	}
	return status
}
