// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// Revoked gives the Gateway without what it refers to in other namespaces and no grant
// allows, or the Gateway itself if that is nothing. It is for a Gateway that is served
// as it was once, since it is not accepted any more: "Implementations [...] MUST respond
// to the removal of a grant by revoking the access that the grant allowed"
// (ReferenceGrant). What is left out fails closed, as it does in a translation.
func (g *Gateway) Revoked(grants []*gwv1.ReferenceGrant) *Gateway {
	r := &revocation{
		translation: &translation{index: snapshot.NewIndex(&snapshot.Snapshot{ReferenceGrants: grants})},
		gateway:     referrer{group: gwv1.GroupName, kind: "Gateway", namespace: g.Object.Namespace},
		rejected:    map[*Listener]bool{},
	}
	revoked := *g
	revoked.Listeners, revoked.Routes = nil, nil
	for _, l := range g.Listeners {
		revoked.Listeners = append(revoked.Listeners, r.listener(l))
	}
	for _, route := range g.Routes {
		if left := r.route(route); len(left.Attachments) > 0 {
			revoked.Routes = append(revoked.Routes, left)
		}
	}
	if c := g.BackendClientCertificate; c != nil && r.refuses(r.gateway, "Secret", c.Secret) {
		revoked.BackendClientCertificate = nil
	}
	if !r.any {
		return g
	}
	return &revoked
}

// revocation looks for what is not permitted.
type revocation struct {
	translation *translation
	gateway     referrer
	// rejected are listeners that would not be accepted.
	rejected map[*Listener]bool
	// any is set when something was found.
	any bool
}

func (r *revocation) refuses(from referrer, kind string, name types.NamespacedName) bool {
	refused := !r.translation.permitted(from, referent{kind: kind, name: name})
	r.any = r.any || refused
	return refused
}

func (r *revocation) listener(l *Listener) *Listener {
	revoked := *l
	owner := r.gateway
	if l.Set.Name != "" {
		owner.kind, owner.namespace = "ListenerSet", l.Set.Namespace
	}
	revoked.Certificates = slices.DeleteFunc(slices.Clone(l.Certificates), func(c *Certificate) bool {
		return r.refuses(owner, "Secret", c.Secret)
	})
	if l.ClientValidation == nil {
		return &revoked
	}
	validation := *l.ClientValidation
	validation.CABundles = slices.DeleteFunc(slices.Clone(validation.CABundles), func(b *CABundle) bool {
		return r.refuses(r.gateway, "ConfigMap", b.ConfigMap)
	})
	revoked.ClientValidation = &validation
	if len(validation.CABundles) == 0 {
		revoked.Certificates, revoked.ClientValidation = nil, nil
		r.rejected[l] = true
	}
	return &revoked
}

func (r *revocation) route(route *Route) *Route {
	revoked := *route
	revoked.Attachments = slices.DeleteFunc(slices.Clone(route.Attachments), func(a Attachment) bool { return r.rejected[a.Listener] })
	revoked.Rules = make([]*Rule, 0, len(route.Rules))
	from := referrer{group: gwv1.GroupName, kind: string(route.Kind), namespace: route.Name.Namespace}
	for _, rule := range route.Rules {
		copied := *rule
		copied.Filters, copied.Mirrors = r.mirrors(from, rule.Filters, rule.Mirrors)
		copied.Backends = nil
		for _, share := range rule.Backends {
			share.Filters, share.Mirrors = r.mirrors(from, share.Filters, share.Mirrors)
			if share.Backend != nil && r.refuses(from, "Service", share.Backend.Service) {
				share = Share{Weight: share.Weight}
			}
			copied.Backends = append(copied.Backends, share)
		}
		revoked.Rules = append(revoked.Rules, &copied)
	}
	return &revoked
}

// mirrors leaves out the filters that send copies to where they may not.
func (r *revocation) mirrors(from referrer, filters []config.Filter, backends []*Backend) ([]config.Filter, []*Backend) {
	left := slices.DeleteFunc(slices.Clone(backends), func(b *Backend) bool { return r.refuses(from, "Service", b.Service) })
	if len(left) == len(backends) {
		return filters, backends
	}
	return slices.DeleteFunc(slices.Clone(filters), func(f config.Filter) bool {
		return f.Mirror != nil && !slices.ContainsFunc(left, func(b *Backend) bool { return b.ID() == f.Mirror.Backend })
	}), left
}
