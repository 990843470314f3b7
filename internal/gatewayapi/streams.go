// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// streamRule is the rule of a TLSRoute, a TCPRoute or a UDPRoute.
type streamRule struct {
	name        *gwv1.SectionName
	backendRefs []gwv1.BackendRef
}

// compileStreams compiles the rules of routes of connections and datagrams, of which the
// API allows one.
func (t *translation) compileStreams(rules []streamRule) func(*route) *compiled {
	return func(r *route) *compiled {
		c := t.newRuleCompiler(string(r.kind), r.object, r.backendUse())
		if len(rules) != 1 {
			c.compiled.rejected = problemf(gwv1.RouteReasonUnsupportedValue, "rules: there are %d and exactly one is supported", len(rules))
			return c.compiled
		}
		rule := &Rule{}
		if rules[0].name != nil {
			rule.Name = string(*rules[0].name)
		}
		var refs []gwv1.HTTPBackendRef
		for _, ref := range rules[0].backendRefs {
			refs = append(refs, gwv1.HTTPBackendRef{BackendRef: ref})
		}
		var invalid problems
		if rule.Backends = c.shares(refs, "rules[0]", &invalid); len(invalid) > 0 {
			// What is left resets all connections.
			rule.Backends = nil
			c.compiled.rejected = invalid.summary()
		}
		c.compiled.rules = []*Rule{rule}
		return c.compiled
	}
}

// backendUse is what the route needs backends for. Endpoints that TLS is passed through
// to have no BackendTLSPolicy that matters: the session is the client's.
func (r *route) backendUse() backendUse {
	switch r.protocol {
	case config.RouteTCP:
		return forConnections
	case config.RouteUDP:
		return forDatagrams
	case config.RouteTLS:
		if slices.ContainsFunc(r.parents, (*parent).terminates) {
			return forConnections
		}
		return forSessions
	}
	return forRequests
}

// terminates says whether sessions of TLS end at a listener that the route is attached to.
func (p *parent) terminates() bool {
	return slices.ContainsFunc(p.attachments, func(a attachment) bool { return a.listener.terminates() })
}
