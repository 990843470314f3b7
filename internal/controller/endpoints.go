// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
)

// endpoints reconciles Services: it brings their endpoints to the proxies of all
// Gateways that use them, without translating anything.
type endpoints struct {
	reader   *cluster.Reader
	programs *programs
	fleet    *fleet.Fleet
}

// Reconcile pushes the endpoints of one Service.
func (e *endpoints) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	for _, gateway := range e.reader.Interests.Of(cluster.Endpoints, req.NamespacedName) {
		if err := e.push(ctx, gateway, req.NamespacedName); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{}, nil
}

func (e *endpoints) push(ctx context.Context, gateway, service types.NamespacedName) error {
	defer e.programs.lock(gateway)()
	p := e.programs.get(gateway)
	if p == nil {
		// Its first configuration will have them.
		return nil
	}
	var backends []*gatewayapi.Backend
	for _, b := range p.backends {
		if b.Service == service {
			backends = append(backends, b)
		}
	}
	if len(backends) == 0 {
		return nil
	}
	list, err := e.reader.EndpointSlices(ctx, service)
	if err != nil {
		return err
	}
	e.fleet.UpdateEndpoints(p.model.ID(), render.Endpoints(backends, list))
	return nil
}

// fill sets the endpoints in a configuration that was made of the backends.
func (e *endpoints) fill(ctx context.Context, c *config.Config, backends []*gatewayapi.Backend) error {
	var list []*discoveryv1.EndpointSlice
	read := map[types.NamespacedName]bool{}
	for _, b := range backends {
		if read[b.Service] {
			continue
		}
		read[b.Service] = true
		of, err := e.reader.EndpointSlices(ctx, b.Service)
		if err != nil {
			return err
		}
		list = append(list, of...)
	}
	updates := map[string][]config.Endpoint{}
	for _, u := range render.Endpoints(backends, list) {
		updates[u.ID] = u.Endpoints
	}
	c.Backends = slices.Clone(c.Backends)
	for i := range c.Backends {
		if endpoints, ok := updates[c.Backends[i].ID]; ok {
			c.Backends[i].Endpoints = endpoints
		}
	}
	return nil
}
