// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// RequestAnnotation is where MetalLB's users name the addresses that they want,
// separated by commas. It serves instead of spec.loadBalancerIP, which is deprecated.
const RequestAnnotation = "metallb.io/loadBalancerIPs"

// Run gives addresses of the pool to Services until ctx ends.
func Run(ctx context.Context, o Options) error {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	config, err := o.Config()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, manager.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	r := &reconciler{client: mgr.GetClient(), events: mgr.GetEventRecorder("load-balancers"), pool: o.Pool}
	// All Services are looked at together, whichever changed.
	all := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{}}
	})
	err = ctrl.NewControllerManagedBy(mgr).Named("load-balancers").
		Watches(&corev1.Service{}, all).
		Complete(r)
	if err != nil {
		return fmt.Errorf("make the controller: %w", err)
	}
	return mgr.Start(ctx)
}

type reconciler struct {
	client client.Client
	events events.EventRecorder
	pool   netip.Prefix
}

// Reconcile brings the statuses of all Services to what Assign says.
func (r *reconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var list corev1.ServiceList
	if err := r.client.List(ctx, &list); err != nil {
		return reconcile.Result{}, err
	}
	// The oldest first: who asked first is served first.
	slices.SortFunc(list.Items, func(a, b corev1.Service) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(name(&a), name(&b)))
	})
	claims := make([]Claim, 0, len(list.Items))
	problems := map[string]string{}
	for i := range list.Items {
		service := &list.Items[i]
		if !ours(service) {
			continue
		}
		claim, err := claimOf(service)
		if err != nil {
			problems[claim.Name] = err.Error()
			continue
		}
		claims = append(claims, claim)
	}
	grants := Assign(r.pool, claims)
	for i := range list.Items {
		service := &list.Items[i]
		grant := grants[name(service)]
		if problem := problems[name(service)]; problem != "" {
			grant.Problem = problem
		}
		if err := r.write(ctx, service, grant); client.IgnoreNotFound(err) != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{}, nil
}

func (r *reconciler) write(ctx context.Context, service *corev1.Service, grant Grant) error {
	if grant.Problem != "" {
		ctrl.LoggerFrom(ctx).Info("no address", "service", name(service), "problem", grant.Problem)
		r.events.Eventf(service, nil, corev1.EventTypeWarning, "NoAddress", "Assign", "%s", grant.Problem)
	}
	if service.Spec.LoadBalancerClass != nil && service.Spec.Type == corev1.ServiceTypeLoadBalancer {
		return nil
	}
	var ingress []corev1.LoadBalancerIngress
	if grant.Address.IsValid() {
		ingress = []corev1.LoadBalancerIngress{{IP: grant.Address.String(), IPMode: new(corev1.LoadBalancerIPModeVIP)}}
	}
	if equality.Semantic.DeepEqual(service.Status.LoadBalancer.Ingress, ingress) {
		return nil
	}
	ctrl.LoggerFrom(ctx).Info("address", "service", name(service), "address", grant.Address.String())
	changed := service.DeepCopy()
	changed.Status.LoadBalancer.Ingress = ingress
	// Of an object that changed meanwhile, an event follows.
	return r.client.Status().Patch(ctx, changed, client.MergeFromWithOptions(service, client.MergeFromWithOptimisticLock{}))
}

// ours tells whether a Service gets an address: one of another class is another's.
func ours(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil &&
		service.DeletionTimestamp.IsZero()
}

func claimOf(service *corev1.Service) (Claim, error) {
	claim := Claim{Name: name(service)}
	if ingress := service.Status.LoadBalancer.Ingress; len(ingress) > 0 {
		// An address that is none was written by another, and is replaced.
		claim.Held, _ = netip.ParseAddr(ingress[0].IP)
	}
	requested := cmp.Or(service.Annotations[RequestAnnotation], service.Spec.LoadBalancerIP)
	if requested == "" {
		return claim, nil
	}
	var err error
	if claim.Requested, err = netip.ParseAddr(strings.TrimSpace(requested)); err != nil {
		return claim, fmt.Errorf("the requested address %q is none: there is one for each Service, of IPv4", requested)
	}
	return claim, nil
}

func name(service *corev1.Service) string {
	return service.Namespace + "/" + service.Name
}
