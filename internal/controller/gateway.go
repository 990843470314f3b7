// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/internal/render"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways;gatewayclasses;httproutes;grpcroutes;tlsroutes;tcproutes;udproutes;listenersets;backendtlspolicies;referencegrants,verbs=get;list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes/status;grpcroutes/status;tlsroutes/status;tcproutes/status;udproutes/status;listenersets/status;backendtlspolicies/status,verbs=get;patch
// +kubebuilder:rbac:groups=gateway.kubera.dev,resources=gatewayclassparameters;gatewayparameters;staticresponsefilters;accesscontrolfilters,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;services;secrets;configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=get;list;watch

// gatewayReconciler turns what a Gateway depends on into its objects and the
// configuration of its proxies.
type gatewayReconciler struct {
	reader      *cluster.Reader
	translation gatewayapi.Options
	programs    *programs
	fleet       *fleet.Fleet
	provision   *provisioner
	statuses    *dependentStatuses
	endpoints   *endpoints
	metrics     *metrics.Metrics
	now         func() time.Time
	// changed is called when the program of a Gateway is a new one.
	changed func(reconcile.Request)
}

// Reconcile brings everything but the status of the Gateway itself to what its
// dependencies say.
func (r *gatewayReconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	name := req.NamespacedName
	snap, err := r.reader.Gateway(ctx, name)
	if err != nil {
		return reconcile.Result{}, err
	}
	began := time.Now()
	result := gatewayapi.Translate(snap, r.translation)
	if len(result.Gateways) == 0 || result.Gateways[0].Object.DeletionTimestamp != nil {
		return reconcile.Result{}, r.release(ctx, name, snap)
	}
	r.metrics.Translated(time.Since(began))
	r.metrics.SetRoutes(name.String(), measuredRoutes(&result.Statuses))
	model := result.Gateways[0]
	p := &program{model: model, status: result.Statuses.Gateways[name], sets: result.Statuses.ListenerSets}

	// A Gateway that is not accepted keeps what it has: its proxies serve the
	// last configuration that was right.
	var again time.Duration
	var provisionErr error
	if model.Accepted {
		now := r.now()
		p.ports = r.ports(name).of(model, now)
		again, provisionErr = r.provision.ensure(ctx, model, p)
		again = sooner(again, p.ports.next(now))
		if err := r.push(ctx, p); err != nil {
			return reconcile.Result{}, err
		}
	} else {
		if err := r.keep(ctx, p); err != nil {
			return reconcile.Result{}, err
		}
		again, provisionErr = r.provision.secrets.renew(ctx, model.Object)
	}
	r.changed(req)

	err = r.statuses.write(ctx, name, snap, &result.Statuses)
	return reconcile.Result{RequeueAfter: again}, errors.Join(provisionErr, err)
}

// ports are those that the proxies of a Gateway were to have open at last.
func (r *gatewayReconciler) ports(name types.NamespacedName) openPorts {
	if old := r.programs.get(name); old != nil {
		return old.ports
	}
	return nil
}

// sooner gives the lesser of two times after which to look again; 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// push makes the fleet bring the configuration to the Gateway's proxies.
func (r *gatewayReconciler) push(ctx context.Context, p *program) error {
	name := p.model.Name()
	defer r.programs.lock(name)()
	p.served = p.model
	c, err := r.render(ctx, p)
	if err != nil {
		return err
	}
	p.version, p.since = c.Version, r.now()
	if old := r.programs.get(name); old != nil && old.version == p.version {
		// Nothing is on its way that was not before.
		p.since = old.since
	}
	r.programs.set(name, p)
	r.fleet.Update(p.model.ID(), c, p.model.Object.Generation)
	return nil
}

// render gives the configuration of what is to be served, with endpoints. It is to be
// called with the lock of the Gateway.
func (r *gatewayReconciler) render(ctx context.Context, p *program) (*config.Config, error) {
	// The snapshot has no EndpointSlices, so the backends are empty here.
	c := render.Config([]*gatewayapi.Gateway{p.served}, render.Options{})
	config.Seal(c)
	p.backends = p.served.Backends
	if err := r.endpoints.fill(ctx, c, p.backends); err != nil {
		return nil, fmt.Errorf("read the endpoints of Gateway %s: %w", p.served.Name(), err)
	}
	return c, nil
}

// keep replaces the status of a Gateway that is not accepted, and leaves its proxies
// what they have, but for what grants have allowed and don't any more. The endpoints
// still follow.
func (r *gatewayReconciler) keep(ctx context.Context, p *program) error {
	name := p.model.Name()
	grants, err := r.reader.AllGrants(ctx)
	if err != nil {
		return err
	}
	defer r.programs.lock(name)()
	if old := r.programs.get(name); old != nil {
		p.service, p.label, p.backends, p.served, p.ports = old.service, old.label, old.backends, old.served, old.ports
	}
	if p.served != nil {
		if revoked := p.served.Revoked(grants); revoked != p.served {
			p.served = revoked
			c, err := r.render(ctx, p)
			if err != nil {
				return err
			}
			r.fleet.Update(revoked.ID(), c, revoked.Object.Generation)
		}
	}
	r.programs.set(name, p)
	return nil
}

// release drops a Gateway that is not ours, or not any more. What is only gone
// takes its objects along, by their owner references; what went over to another
// controller does not. Where the class does not exist it may come back, and the
// proxies serve on.
func (r *gatewayReconciler) release(ctx context.Context, name types.NamespacedName, snap *snapshot.Snapshot) error {
	was := r.forget(name)
	gone := len(snap.Gateways) == 0 || snap.Gateways[0].DeletionTimestamp != nil
	var errs []error
	switch {
	case gone:
		r.reader.Interests.Forget(name)
	case len(snap.GatewayClasses) > 0:
		errs = append(errs, r.provision.withdraw(ctx, snap.Gateways[0]))
	}
	dependents, err := r.reader.Dependents(ctx, name)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	if gone && was {
		errs = append(errs, r.statuses.orphan(ctx, dependents.ListenerSets))
	}
	return errors.Join(append(errs, r.statuses.write(ctx, name, dependents, &gatewayapi.Statuses{}))...)
}

// forget reports whether the Gateway was ours.
func (r *gatewayReconciler) forget(name types.NamespacedName) bool {
	defer r.programs.lock(name)()
	was := r.programs.remove(name)
	if was {
		r.fleet.Forget(name.String())
		r.metrics.Forget(name.String())
	}
	return was
}

func requestFor(name types.NamespacedName) reconcile.Request {
	return reconcile.Request{NamespacedName: name}
}
