// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/render"
)

// lastGood holds the Gateways as they were when they were last accepted. One that is
// in the files and not accepted any more is served on in that form, but for what is not
// permitted any more, as the operator leaves the proxies of such a Gateway what they have.
type lastGood map[types.NamespacedName]acceptedGateway

// acceptedGateway is a Gateway that was accepted.
type acceptedGateway struct {
	model *gatewayapi.Gateway
	// served is the configuration that it was served with. It may lack listeners
	// that could not be opened.
	served *config.Config
}

// record notes what is served of a translation.
func (g lastGood) record(t *Translation, served *config.Config) {
	for _, model := range t.Result.Gateways {
		if model.Accepted {
			g[model.Name()] = acceptedGateway{model, served}
		}
	}
}

// keep puts the last good form of Gateways that are not accepted into t, which must
// not be shared yet. Gateways that are gone, or of another controller now, are
// forgotten.
func (g lastGood) keep(t *Translation, o Options) {
	models := map[types.NamespacedName]*gatewayapi.Gateway{}
	for _, model := range t.Result.Gateways {
		models[model.Name()] = model
	}
	k := keeping{translation: t, options: o, config: *t.Config}
	for _, name := range slices.SortedFunc(maps.Keys(g), func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	}) {
		key := manifest.Key{Group: gwv1.GroupName, Kind: "Gateway", Namespace: name.Namespace, Name: name.Name}
		object := t.Set.Find(key)
		model := models[name]
		switch {
		case object == nil, model == nil && t.classIsThere(object):
			delete(g, name)
		case model == nil || !model.Accepted:
			t.Kept = append(t.Kept, key)
			kept := g[name]
			kept.model = kept.model.Revoked(t.Set.Snapshot.ReferenceGrants)
			k.add(kept)
		}
	}
	if len(t.Kept) > 0 {
		config.Seal(&k.config)
		t.Config = &k.config
	}
}

// classIsThere tells whether the files have the class of a Gateway. If so and the
// Gateway is not ours, it went over to another controller.
func (t *Translation) classIsThere(object *manifest.Object) bool {
	gw, ok := object.Value.(*gwv1.Gateway)
	return !ok || t.Set.Find(manifest.Key{Group: gwv1.GroupName, Kind: "GatewayClass", Name: string(gw.Spec.GatewayClassName)}) != nil
}

// keeping adds what is kept to the configuration of a translation.
type keeping struct {
	translation *Translation
	options     Options
	config      config.Config
}

// add serves a Gateway as it was, with the endpoints that its backends have now.
func (k *keeping) add(g acceptedGateway) {
	old := render.Config([]*gatewayapi.Gateway{g.model}, render.Options{PortOffset: k.options.PortOffset, LogLevel: k.options.LogLevel})
	for _, l := range old.Listeners {
		if !slices.ContainsFunc(g.served.Listeners, func(served config.Listener) bool { return served.ID == l.ID }) {
			old, _ = without(old, l.ID)
			continue
		}
		k.clear(g.model, &l)
	}
	k.config.Gateways = append(slices.Clone(k.config.Gateways), old.Gateways...)
	k.config.Listeners = append(slices.Clone(k.config.Listeners), old.Listeners...)
	k.routes(g.model, old.Routes)
	k.config.Certificates = union(k.config.Certificates, old.Certificates, func(c config.Certificate) string { return c.ID })

	now := map[string][]config.Endpoint{}
	for _, b := range render.Endpoints(g.model.Backends, k.translation.Set.Snapshot.EndpointSlices) {
		now[b.ID] = b.Endpoints
	}
	backends := slices.Clone(old.Backends)
	for i, b := range backends {
		if endpoints, ok := now[b.ID]; ok {
			backends[i].Endpoints = endpoints
		}
	}
	k.config.Backends = union(k.config.Backends, backends, func(b config.Backend) string { return b.ID })
	if k.config.LogLevel == k.options.LogLevel {
		k.config.LogLevel = old.LogLevel
	}
}

// clear takes the listeners of other Gateways from the socket of one that is kept:
// they got it because its Gateway is not accepted.
func (k *keeping) clear(owner *gatewayapi.Gateway, kept *config.Listener) {
	for _, l := range k.config.Listeners {
		if l.Gateway == owner.ID() || l.BindAddress() != kept.BindAddress() {
			continue
		}
		if reduced, ok := without(&k.config, l.ID); ok {
			k.config = *reduced
			k.translation.keptOut = append(k.translation.keptOut, k.translation.refused(&config.Refusal{
				Object:  l.ID,
				Message: fmt.Sprintf("port %d is used by Gateway %s, which is served as it was before", l.Port, owner.ID()),
			}))
		}
	}
}

// routes adds the routes of a Gateway that is kept. One that other Gateways serve in
// a newer form gets an ID of its own: its new rules were not made for this Gateway.
func (k *keeping) routes(owner *gatewayapi.Gateway, old []config.Route) {
	routes := slices.Clone(k.config.Routes)
	for _, route := range old {
		i := slices.IndexFunc(routes, func(r config.Route) bool { return r.ID == route.ID })
		switch {
		case i < 0:
		case routes[i].Created == route.Created && reflect.DeepEqual(routes[i].Rules, route.Rules):
			routes[i].Attachments = append(slices.Clone(routes[i].Attachments), route.Attachments...)
			continue
		default:
			route.ID += keptFor + owner.ID()
		}
		routes = append(routes, route)
	}
	k.config.Routes = routes
}

// keptFor stands between the ID of a route and that of the Gateway for which it is
// kept. No name has it.
const keptFor = "@"

// union adds those objects whose ID is new. What is shared with Gateways that are
// accepted is as they have it.
func union[T any](list, more []T, id func(T) string) []T {
	known := map[string]bool{}
	for _, object := range list {
		known[id(object)] = true
	}
	list = slices.Clone(list)
	for _, object := range more {
		if !known[id(object)] {
			list = append(list, object)
		}
	}
	return list
}
