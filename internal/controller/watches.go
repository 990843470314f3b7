// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/infra"
)

// workers is how many Gateways are translated at the same time.
const workers = 4

// named allows several operators in one process, one after the other. What they watch
// is read by those who don't lead, too.
func named(n int) controller.Options {
	return controller.Options{MaxConcurrentReconciles: n, SkipNameValidation: new(true), EnableWarmup: new(true)}
}

func (o *operator) buildGateways(r *gatewayReconciler) error {
	b := ctrl.NewControllerManagedBy(o.mgr).
		Named("gateway").
		WithOptions(named(workers)).
		For(&gwv1.Gateway{}, builder.WithPredicates(specChanged)).
		WatchesRawSource(o.gateways.source())
	for _, dependency := range []struct {
		object client.Object
		kind   cluster.Kind
	}{
		{&gwv1.GatewayClass{}, cluster.GatewayClass},
		{&v1alpha1.GatewayClassParameters{}, cluster.GatewayClassParameters},
		{&v1alpha1.GatewayParameters{}, cluster.GatewayParameters},
		{&v1alpha1.StaticResponseFilter{}, cluster.StaticResponseFilter},
		{&v1alpha1.AccessControlFilter{}, cluster.AccessControlFilter},
		{&corev1.Namespace{}, cluster.Namespace},
		{&corev1.Service{}, cluster.Service},
		{&corev1.Secret{}, cluster.Secret},
		{&corev1.ConfigMap{}, cluster.ConfigMap},
	} {
		b.Watches(dependency.object, concerned(o.interests, dependency.kind), builder.WithPredicates(specChanged))
	}
	dependent := specChangedOrEntryLost(gwv1.GatewayController(o.options.ControllerName))
	for _, child := range o.options.Absent.Children() {
		b.Watches(child, parents(o.interests), builder.WithPredicates(dependent))
	}
	if !o.options.Absent[cluster.BackendTLSPolicy] {
		b.Watches(&gwv1.BackendTLSPolicy{}, policy(o.interests), builder.WithPredicates(dependent))
	}
	if !o.options.Absent[cluster.Grants] {
		b.Watches(&gwv1.ReferenceGrant{}, concerned(o.interests, cluster.Grants), builder.WithPredicates(specChanged))
	}
	// What is ours and was changed or deleted by somebody is made right again.
	for _, object := range append(infra.Kinds(), &corev1.Secret{}) {
		b.Owns(object, builder.WithPredicates(specChanged))
	}
	return b.Complete(patient(r))
}

func (o *operator) addEndpoints() error {
	return ctrl.NewControllerManagedBy(o.mgr).
		Named("endpoints").
		WithOptions(named(workers)).
		Watches(&discoveryv1.EndpointSlice{}, service()).
		Complete(patient(&endpoints{reader: o.reader, programs: o.programs, fleet: o.fleet}))
}

func (o *operator) addProgrammed() error {
	r := &programmedReconciler{
		client: o.mgr.GetClient(), reader: o.reader, writer: &statusWriter{client: o.mgr.GetClient()},
		events: o.recorder(), programs: o.programs, fleet: o.fleet,
		metrics: o.metrics, now: o.options.Now,
	}
	b := ctrl.NewControllerManagedBy(o.mgr).
		Named("programmed").
		WithOptions(named(workers)).
		// Also for its status, which somebody else may have overwritten.
		For(&gwv1.Gateway{}).
		Watches(&corev1.Pod{}, labelled(o.programs)).
		Watches(&corev1.Service{}, labelled(o.programs)).
		// Kubernetes gives them the labels of their Service.
		Watches(&discoveryv1.EndpointSlice{}, labelled(o.programs)).
		WatchesRawSource(o.programmed.source())
	if !o.options.Absent[cluster.ListenerSet] {
		b.Watches(&gwv1.ListenerSet{}, parents(o.interests))
	}
	return b.Complete(patient(r))
}

func (o *operator) addListenerSets() error {
	if o.options.Absent[cluster.ListenerSet] {
		return nil
	}
	r := &setReconciler{
		reader: o.reader,
		statuses: &dependentStatuses{
			events: o.recorder(),
			writer: &statusWriter{client: o.mgr.GetClient()}, controllerName: gwv1.GatewayController(o.options.ControllerName), now: o.options.Now,
		},
	}
	b := ctrl.NewControllerManagedBy(o.mgr).
		Named("listenerset").
		WithOptions(named(1)).
		For(&gwv1.ListenerSet{}, builder.WithPredicates(specChanged))
	for _, child := range o.options.Absent.Children() {
		if _, ok := child.(*gwv1.ListenerSet); !ok {
			b.Watches(child, sets(), builder.WithPredicates(specChanged))
		}
	}
	return b.Complete(patient(r))
}

func (o *operator) addClasses() error {
	own := &ownClass{
		client: o.mgr.GetClient(), name: o.options.GatewayClass,
		controllerName: gwv1.GatewayController(o.options.ControllerName),
	}
	if own.name != "" {
		// There may be none of the name, and so nothing to hear of.
		o.classes.fire(requestFor(types.NamespacedName{Name: own.name}))
	}
	r := &classReconciler{
		own: own, client: o.mgr.GetClient(), reader: o.reader, writer: &statusWriter{client: o.mgr.GetClient()},
		translation: o.translation(), now: o.options.Now,
	}
	return ctrl.NewControllerManagedBy(o.mgr).
		Named("gatewayclass").
		WithOptions(named(1)).
		For(&gwv1.GatewayClass{}, builder.WithPredicates(own.watch(), specChanged)).
		WatchesRawSource(o.classes.source()).
		Watches(&gwv1.Gateway{}, class(), builder.WithPredicates(specChanged)).
		Watches(&v1alpha1.GatewayClassParameters{}, o.classesOf(), builder.WithPredicates(specChanged)).
		WatchesMetadata(crdMetadata(), o.classesForCRD(), builder.WithPredicates(predicate.AnnotationChangedPredicate{})).
		Complete(patient(r))
}

// classesOf maps GatewayClassParameters to the classes that name them. There are
// few classes, so an index would not pay.
func (o *operator) classesOf() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []reconcile.Request {
		var list gwv1.GatewayClassList
		if err := o.mgr.GetClient().List(ctx, &list); err != nil {
			return nil
		}
		var out []reconcile.Request
		for _, class := range list.Items {
			if ref := class.Spec.ParametersRef; ref != nil && ref.Name == object.GetName() {
				out = append(out, requestFor(types.NamespacedName{Name: class.Name}))
			}
		}
		return out
	})
}

func (o *operator) addFilters() error {
	for _, f := range []struct {
		name   string
		object client.Object
		r      reconcile.Reconciler
	}{
		{"staticresponsefilter", &v1alpha1.StaticResponseFilter{}, newStaticReconciler(o.mgr.GetClient(), o.options.Now)},
		{"accesscontrolfilter", &v1alpha1.AccessControlFilter{}, newAccessReconciler(o.mgr.GetClient(), o.options.Now)},
	} {
		err := ctrl.NewControllerManagedBy(o.mgr).
			Named(f.name).
			WithOptions(named(1)).
			For(f.object, builder.WithPredicates(specChanged)).
			Complete(patient(f.r))
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *operator) buildAuthority(r *authorityReconciler) error {
	// The first request comes from here: there may be no Secret yet.
	o.authority.fire(o.authorityRequest())
	ours := predicate.NewPredicateFuncs(func(object client.Object) bool {
		return client.ObjectKeyFromObject(object) == r.secret
	})
	return ctrl.NewControllerManagedBy(o.mgr).
		Named("authority").
		WithOptions(named(1)).
		For(&corev1.Secret{}, builder.WithPredicates(ours)).
		WatchesRawSource(o.authority.source()).
		Complete(patient(r))
}

// parseID reads the ID that a Gateway has in configurations.
func parseID(id string) (types.NamespacedName, bool) {
	namespace, name, ok := strings.Cut(id, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok
}
