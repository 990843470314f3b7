// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// route is what all kinds of routes have in common.
type route struct {
	kind      gwv1.Kind
	object    metav1.Object
	parents   []gwv1.ParentReference
	hostnames []gwv1.Hostname
	// compile works out the rules. It is called once, and only if the route has
	// a parent of ours.
	compile func() *compiled
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
	t.statuses.HTTPRoutes = translateKind(t, t.snapshot.HTTPRoutes, t.httpRoute)
	t.statuses.GRPCRoutes = translateKind(t, t.snapshot.GRPCRoutes, t.grpcRoute)
	t.statuses.TLSRoutes = translateKind(t, t.snapshot.TLSRoutes, t.tlsRoute)
	t.statuses.TCPRoutes = translateKind(t, t.snapshot.TCPRoutes, t.tcpRoute)
	t.statuses.UDPRoutes = translateKind(t, t.snapshot.UDPRoutes, t.udpRoute)
}

// translateKind attaches all routes of one kind, adapted to what they have in
// common, and gives the statuses of those that have a parent of ours.
func translateKind[T metav1.Object](t *translation, list []T, adapt func(T) *route) map[types.NamespacedName]gwv1.RouteStatus {
	statuses := map[types.NamespacedName]gwv1.RouteStatus{}
	for _, object := range list {
		r := adapt(object)
		if parents := t.parentsOf(r); len(parents) > 0 {
			c := r.compile()
			t.attach(r, c, parents)
			statuses[snapshot.NameOf(object)] = t.routeStatus(r, c, parents)
		}
	}
	return statuses
}

func (t *translation) httpRoute(o *gwv1.HTTPRoute) *route {
	return &route{
		kind: "HTTPRoute", object: o, parents: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: func() *compiled { return t.compileHTTPRoute(o) },
	}
}

// Routes of the other kinds attach to no listener, since none takes them. Their
// references are resolved all the same, for the status.

func (t *translation) grpcRoute(o *gwv1.GRPCRoute) *route {
	var refs []gwv1.BackendRef
	for _, rule := range o.Spec.Rules {
		for _, ref := range rule.BackendRefs {
			refs = append(refs, ref.BackendRef)
		}
	}
	return &route{
		kind: "GRPCRoute", object: o, parents: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: t.referencesOnly("GRPCRoute", o, refs),
	}
}

func (t *translation) tlsRoute(o *gwv1.TLSRoute) *route {
	var refs []gwv1.BackendRef
	for _, rule := range o.Spec.Rules {
		refs = append(refs, rule.BackendRefs...)
	}
	return &route{
		kind: "TLSRoute", object: o, parents: o.Spec.ParentRefs, hostnames: o.Spec.Hostnames,
		compile: t.referencesOnly("TLSRoute", o, refs),
	}
}

func (t *translation) tcpRoute(o *gwv1.TCPRoute) *route {
	var refs []gwv1.BackendRef
	for _, rule := range o.Spec.Rules {
		refs = append(refs, rule.BackendRefs...)
	}
	return &route{
		kind: "TCPRoute", object: o, parents: o.Spec.ParentRefs,
		compile: t.referencesOnly("TCPRoute", o, refs),
	}
}

func (t *translation) udpRoute(o *gwv1.UDPRoute) *route {
	var refs []gwv1.BackendRef
	for _, rule := range o.Spec.Rules {
		refs = append(refs, rule.BackendRefs...)
	}
	return &route{
		kind: "UDPRoute", object: o, parents: o.Spec.ParentRefs,
		compile: t.referencesOnly("UDPRoute", o, refs),
	}
}

func (t *translation) referencesOnly(kind gwv1.Kind, o metav1.Object, refs []gwv1.BackendRef) func() *compiled {
	return func() *compiled {
		c := &compiled{}
		from := referrer{group: gwv1.GroupName, kind: string(kind), namespace: o.GetNamespace()}
		for _, ref := range refs {
			_, p := t.resolveService(from, ref.BackendObjectReference)
			c.unresolved.add(p)
		}
		return c
	}
}
