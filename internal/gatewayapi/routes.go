// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// route is a route of any kind while it is worked on.
type route struct {
	kind gwv1.Kind
	// protocol is empty for HTTPRoutes.
	protocol  config.RouteProtocol
	object    metav1.Object
	refs      []gwv1.ParentReference
	hostnames []gwv1.Hostname
	// compile works out the rules. It is called once, when parents are known, and
	// only if there are any.
	compile func(*route) *compiled

	// parents are those of refs that are ours.
	parents []*parent
	*compiled
}

// compiled is what the rules of a route come to, whatever the parent.
type compiled struct {
	rules []*Rule
	// rejected is set if no rule is valid, partly if some are not.
	rejected *problem
	partly   *problem
	// unresolved references.
	unresolved problems
	// services that are referred to, whether they exist or not.
	services []types.NamespacedName
}

func (t *translation) translateRoutes() {
	s := t.snapshot
	statuses := &t.statuses
	http := ours(t, s.HTTPRoutes, t.httpRoute)
	grpc := ours(t, s.GRPCRoutes, t.grpcRoute)
	separateKinds(http, grpc)
	statuses.HTTPRoutes = t.attachAll(http)
	statuses.GRPCRoutes = t.attachAll(grpc)
	statuses.TLSRoutes = t.attachAll(ours(t, s.TLSRoutes, t.tlsRoute))
	statuses.TCPRoutes = t.attachAll(ours(t, s.TCPRoutes, t.tcpRoute))
	statuses.UDPRoutes = t.attachAll(ours(t, s.UDPRoutes, t.udpRoute))
}

// ours gives the routes of one kind that have a parent of ours, adapted to what all
// kinds have in common.
func ours[T metav1.Object](t *translation, list []T, adapt func(T) *route) []*route {
	var routes []*route
	for _, object := range list {
		r := adapt(object)
		if r.parents = t.parentsOf(r); len(r.parents) > 0 {
			r.compiled = r.compile(r)
			routes = append(routes, r)
		}
	}
	return routes
}

// attachAll attaches routes to their parents and gives their statuses.
func (t *translation) attachAll(routes []*route) map[types.NamespacedName]gwv1.RouteStatus {
	statuses := map[types.NamespacedName]gwv1.RouteStatus{}
	for _, r := range routes {
		t.attach(r)
		statuses[snapshot.NameOf(r.object)] = t.routeStatus(r)
	}
	return statuses
}

func (t *translation) httpRoute(o *gwv1.HTTPRoute) *route {
	return &route{
		kind: "HTTPRoute", object: o, refs: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: func(*route) *compiled { return t.compileHTTPRoute(o) },
	}
}

func (t *translation) grpcRoute(o *gwv1.GRPCRoute) *route {
	return &route{
		kind: "GRPCRoute", protocol: config.RouteGRPC, object: o, refs: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: func(*route) *compiled { return t.compileGRPCRoute(o) },
	}
}

func (t *translation) tlsRoute(o *gwv1.TLSRoute) *route {
	var rules []streamRule
	for _, rule := range o.Spec.Rules {
		rules = append(rules, streamRule{rule.Name, rule.BackendRefs})
	}
	return &route{
		kind: "TLSRoute", protocol: config.RouteTLS, object: o, refs: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: t.compileStreams(rules),
	}
}

func (t *translation) tcpRoute(o *gwv1.TCPRoute) *route {
	var rules []streamRule
	for _, rule := range o.Spec.Rules {
		rules = append(rules, streamRule{rule.Name, rule.BackendRefs})
	}
	return &route{
		kind: "TCPRoute", protocol: config.RouteTCP, object: o, refs: o.Spec.ParentRefs,
		compile: t.compileStreams(rules),
	}
}

func (t *translation) udpRoute(o *gwv1.UDPRoute) *route {
	var rules []streamRule
	for _, rule := range o.Spec.Rules {
		rules = append(rules, streamRule{rule.Name, rule.BackendRefs})
	}
	return &route{
		kind: "UDPRoute", protocol: config.RouteUDP, object: o, refs: o.Spec.ParentRefs,
		compile: t.compileStreams(rules),
	}
}
