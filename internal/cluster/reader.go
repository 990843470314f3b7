// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Reader reads Snapshots. It is safe for concurrent use.
type Reader struct {
	// Client reads from a cache that has the indexes of AddIndexes. What it
	// returns ends in Snapshots and is not modified, so it need not be copied.
	Client client.Reader
	// Interests learns what was read for which Gateway.
	Interests *Interests
	// ControllerName of the GatewayClasses that are ours. Of Gateways of other
	// classes, or of one that doesn't exist, nothing but the class is read.
	ControllerName gwv1.GatewayController
	// Absent are kinds that the cluster doesn't have; they are not read.
	Absent Absent
}

// Gateway reads what the Gateway depends on, all but EndpointSlices. The Snapshot
// has no Gateway if there is none of the name. What a reference names and is not
// there is missing in the Snapshot, which is no error.
func (r *Reader) Gateway(ctx context.Context, name types.NamespacedName) (*snapshot.Snapshot, error) {
	g := &gatewayReader{Reader: r, ctx: ctx, reading: r.Interests.begin(name), out: &snapshot.Snapshot{}}
	if err := g.read(name); err != nil {
		return nil, fmt.Errorf("read what Gateway %s depends on: %w", name, err)
	}
	g.reading.done()
	return g.out, nil
}

// EndpointSlices reads those of a Service.
func (r *Reader) EndpointSlices(ctx context.Context, service types.NamespacedName) ([]*discoveryv1.EndpointSlice, error) {
	var list discoveryv1.EndpointSliceList
	err := r.Client.List(ctx, &list, client.InNamespace(service.Namespace),
		client.MatchingFields{serviceIndex: service.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list EndpointSlices of Service %s: %w", service, err)
	}
	return pointers(list.Items), nil
}

// Dependents reads what names the Gateway, or a ListenerSet of it, in spec or status,
// and nothing else.
func (r *Reader) Dependents(ctx context.Context, gateway types.NamespacedName) (*snapshot.Snapshot, error) {
	g := &gatewayReader{Reader: r, ctx: ctx, out: &snapshot.Snapshot{}}
	if err := g.dependents(gateway); err != nil {
		return nil, err
	}
	return g.out, nil
}

// RoutesOfSet reads the routes that name a ListenerSet in spec or status, and nothing
// else.
func (r *Reader) RoutesOfSet(ctx context.Context, set types.NamespacedName) (*snapshot.Snapshot, error) {
	g := &gatewayReader{Reader: r, ctx: ctx, out: &snapshot.Snapshot{}}
	if err := g.routesOf([]string{setKey(set)}); err != nil {
		return nil, err
	}
	return g.out, nil
}

// gatewayReader is one reading for one Gateway.
type gatewayReader struct {
	*Reader
	ctx     context.Context
	reading *reading
	out     *snapshot.Snapshot
	// policies that out has.
	policies map[types.NamespacedName]bool
}

func (g *gatewayReader) read(name types.NamespacedName) error {
	var gateway gwv1.Gateway
	if err := g.Client.Get(g.ctx, name, &gateway); err != nil {
		return client.IgnoreNotFound(err)
	}
	g.out.Gateways = []*gwv1.Gateway{&gateway}
	class := types.NamespacedName{Name: string(gateway.Spec.GatewayClassName)}
	if err := fetch(g, GatewayClass, class, &g.out.GatewayClasses); err != nil {
		return err
	}
	if len(g.out.GatewayClasses) == 0 || g.out.GatewayClasses[0].Spec.ControllerName != g.ControllerName {
		return nil
	}
	if err := g.gateway(&gateway); err != nil {
		return err
	}

	if err := g.dependents(name); err != nil {
		return err
	}
	if err := g.listenerSets(); err != nil {
		return err
	}
	return g.routes()
}

func (g *gatewayReader) dependents(gateway types.NamespacedName) error {
	var (
		sets     gwv1.ListenerSetList
		policies gwv1.BackendTLSPolicyList
		errs     [3]error
	)
	of := client.MatchingFields{parentIndex: gateway.String()}
	g.out.ListenerSets, errs[0] = list(g, ListenerSet, &sets, &sets.Items, of)
	found, err := list(g, BackendTLSPolicy, &policies, &policies.Items, of)
	g.addPolicies(found)
	errs[1] = err
	parents := []string{gateway.String()}
	for _, set := range g.out.ListenerSets {
		name := snapshot.NameOf(set)
		parents = append(parents, setKey(name))
		if g.reading != nil {
			// Whoever is interested in a set hears of the routes that name it.
			g.reading.first(ListenerSet, name)
		}
	}
	errs[2] = g.routesOf(parents)
	return errors.Join(errs[:]...)
}

// routesOf reads the routes that have one of the parents.
func (g *gatewayReader) routesOf(parents []string) error {
	var errs [5]error
	g.out.HTTPRoutes, errs[0] = listOf(g, "HTTPRoute", parents, func() (client.ObjectList, *[]gwv1.HTTPRoute) {
		l := &gwv1.HTTPRouteList{}
		return l, &l.Items
	})
	g.out.GRPCRoutes, errs[1] = listOf(g, GRPCRoute, parents, func() (client.ObjectList, *[]gwv1.GRPCRoute) {
		l := &gwv1.GRPCRouteList{}
		return l, &l.Items
	})
	g.out.TLSRoutes, errs[2] = listOf(g, TLSRoute, parents, func() (client.ObjectList, *[]gwv1.TLSRoute) {
		l := &gwv1.TLSRouteList{}
		return l, &l.Items
	})
	g.out.TCPRoutes, errs[3] = listOf(g, TCPRoute, parents, func() (client.ObjectList, *[]gwv1.TCPRoute) {
		l := &gwv1.TCPRouteList{}
		return l, &l.Items
	})
	g.out.UDPRoutes, errs[4] = listOf(g, UDPRoute, parents, func() (client.ObjectList, *[]gwv1.UDPRoute) {
		l := &gwv1.UDPRouteList{}
		return l, &l.Items
	})
	return errors.Join(errs[:]...)
}

// listOf reads the objects of a kind that have one of the parents, each once.
func listOf[T any, PT interface {
	*T
	client.Object
}](g *gatewayReader, kind Kind, parents []string, newList func() (client.ObjectList, *[]T)) ([]PT, error) {
	var all []PT
	seen := map[types.NamespacedName]bool{}
	for _, parent := range parents {
		objects, items := newList()
		found, err := list(g, kind, objects, items, client.MatchingFields{parentIndex: parent})
		if err != nil {
			return nil, err
		}
		for _, object := range found {
			if name := snapshot.NameOf(PT(object)); !seen[name] {
				seen[name] = true
				all = append(all, object)
			}
		}
	}
	return all, nil
}

// list reads objects of a kind, which then are the items of objects.
func list[T any](g *gatewayReader, kind Kind, objects client.ObjectList, items *[]T, options ...client.ListOption) ([]*T, error) {
	if g.Absent[kind] {
		return nil, nil
	}
	if err := g.Client.List(g.ctx, objects, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("list objects of kind %s: %w", kind, err)
	}
	return pointers(*items), nil
}

// fetch gets an object into a list, once for each reading.
func fetch[T any, PT interface {
	*T
	client.Object
}](g *gatewayReader, kind Kind, name types.NamespacedName, into *[]PT) error {
	if !g.reading.first(kind, name) {
		return nil
	}
	object := PT(new(T))
	switch err := g.Client.Get(g.ctx, name, object); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("get %s %s: %w", kind, name, err)
	}
	*into = append(*into, object)
	return nil
}

// grants reads those of the namespace that a reference leads to, if it is another
// than the one that it comes from.
func (g *gatewayReader) grants(from, to string) error {
	if from == to || g.Absent[Grants] || !g.reading.first(Grants, types.NamespacedName{Namespace: to}) {
		return nil
	}
	var list gwv1.ReferenceGrantList
	if err := g.Client.List(g.ctx, &list, client.InNamespace(to), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list ReferenceGrants of namespace %s: %w", to, err)
	}
	g.out.ReferenceGrants = append(g.out.ReferenceGrants, pointers(list.Items)...)
	return nil
}

func (g *gatewayReader) service(from string, ref gwv1.BackendObjectReference) error {
	if ref.Group != nil && *ref.Group != corev1.GroupName || ref.Kind != nil && *ref.Kind != "Service" {
		return nil
	}
	name := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, from), Name: string(ref.Name)}
	if err := g.grants(from, name.Namespace); err != nil {
		return err
	}
	// The EndpointSlices are read when the endpoints are pushed; the interest in
	// them begins here.
	if !g.reading.first(Endpoints, name) {
		return nil
	}
	if err := fetch(g, Service, name, &g.out.Services); err != nil {
		return err
	}
	// Whoever is interested in a Service hears of the policies for it.
	var tls gwv1.BackendTLSPolicyList
	policies, err := list(g, BackendTLSPolicy, &tls, &tls.Items,
		client.InNamespace(name.Namespace), client.MatchingFields{targetIndex: name.Name})
	if err != nil {
		return err
	}
	g.addPolicies(policies)
	for _, policy := range policies {
		for _, ref := range policy.Spec.Validation.CACertificateRefs {
			own := gwv1.ObjectReference{Group: ref.Group, Kind: ref.Kind, Name: ref.Name}
			if err := g.configMap(policy.Namespace, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// addPolicies adds those that are not there yet: one may be for several Services.
func (g *gatewayReader) addPolicies(policies []*gwv1.BackendTLSPolicy) {
	for _, policy := range policies {
		if name := snapshot.NameOf(policy); !g.policies[name] {
			if g.policies == nil {
				g.policies = map[types.NamespacedName]bool{}
			}
			g.policies[name] = true
			g.out.BackendTLSPolicies = append(g.out.BackendTLSPolicies, policy)
		}
	}
}

func namespaceOr(namespace *gwv1.Namespace, or string) string {
	if namespace == nil {
		return or
	}
	return string(*namespace)
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
