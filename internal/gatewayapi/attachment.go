// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// match fills in the listeners of a parent that take a route, or says why there are
// none: the one that came furthest decides.
func (t *translation) match(r *route, key parentKey, p *parent) *parent {
	var (
		refused, foreign []string
		namespace        = r.object.GetNamespace()
		labels           = t.namespaceLabels(namespace)
		selected         = selectListeners(p.listeners, key)
	)
	if len(selected) == 0 {
		p.problem = problemf(gwv1.RouteReasonNoMatchingParent, "%s %s has no listener%s", key.kind, key.name, key.selection())
		return p
	}
	for _, l := range selected {
		if reason := l.refuses(r, namespace, labels); reason != "" {
			refused = append(refused, "listener "+string(l.spec.Name)+" "+reason)
			continue
		}
		own, ok := intersecting(l.hostname(), r.hostnames)
		if !ok {
			foreign = append(foreign, "listener "+string(l.spec.Name)+" has "+cmp.Or(l.hostname(), "none, but these are no hostnames"))
			continue
		}
		p.attachments = append(p.attachments, attachment{listener: l, hostnames: own})
	}
	switch {
	case len(p.attachments) > 0:
	case len(foreign) > 0:
		p.problem = problemf(gwv1.RouteReasonNoMatchingListenerHostname, "no hostname of the route is one of a listener: %s",
			strings.Join(foreign, "; "))
	default:
		p.problem = problemf(gwv1.RouteReasonNotAllowedByListeners, "%s", strings.Join(refused, "; "))
	}
	return p
}

// selectListeners gives those of a parent's listeners that a parentRef names.
func selectListeners(listeners []*listener, key parentKey) []*listener {
	var selected []*listener
	for _, l := range listeners {
		if (key.section == "" || key.section == string(l.spec.Name)) && (key.port == 0 || key.port == l.spec.Port) {
			selected = append(selected, l)
		}
	}
	return selected
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
func (t *translation) attach(r *route) {
	c := r.compiled
	models := map[*gateway]*Route{}
	seen := map[*listener]bool{}
	for _, p := range r.parents {
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
					Kind: r.kind, Protocol: r.protocol, Name: snapshot.NameOf(r.object),
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
	note := func(backends ...*Backend) {
		for _, b := range backends {
			if b != nil {
				g.backends[b.ID()] = b
			}
		}
	}
	for _, rule := range c.rules {
		note(rule.Mirrors...)
		for _, share := range rule.Backends {
			note(share.Backend)
			note(share.Mirrors...)
		}
	}
}
