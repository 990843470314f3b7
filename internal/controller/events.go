// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// concerned maps an object to the Gateways that depend on it.
func concerned(interests *cluster.Interests, kind cluster.Kind) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		name := client.ObjectKeyFromObject(o)
		if kind == cluster.Grants {
			name.Name = ""
		}
		return requests(interests.Of(kind, name))
	})
}

// parents maps a route or ListenerSet to the Gateways that it names, before and after
// a change, and a route to those of the ListenerSets that it names.
func parents(interests *cluster.Interests) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		names := cluster.Parents(o)
		for _, set := range cluster.SetParents(o) {
			names = append(names, interests.Of(cluster.ListenerSet, set)...)
		}
		return requests(names)
	})
}

// sets maps a route to the ListenerSets that it names, before and after a change.
func sets() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return requests(cluster.SetParents(o))
	})
}

// policy maps a policy to the Gateways that depend on a Service that it is for,
// or was before a change, and to those that its status names.
func policy(interests *cluster.Interests) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		names := cluster.Parents(o)
		for _, service := range cluster.Targets(o) {
			names = append(names, interests.Of(cluster.Service, service)...)
		}
		return requests(names)
	})
}

// class maps a Gateway to its class, before and after a change.
func class() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		gateway, ok := o.(*gwv1.Gateway)
		if !ok {
			return nil
		}
		return []reconcile.Request{requestFor(types.NamespacedName{Name: string(gateway.Spec.GatewayClassName)})}
	})
}

// service maps an EndpointSlice to its Service.
func service() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		slice, ok := o.(*discoveryv1.EndpointSlice)
		if !ok || snapshot.ServiceOf(slice).Name == "" {
			return nil
		}
		return []reconcile.Request{requestFor(snapshot.ServiceOf(slice))}
	})
}

// labelled maps an object of a Gateway's proxies to the Gateway.
func labelled(programs *programs) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return requests(programs.labelled(o.GetNamespace(), o.GetLabels()[infra.LabelGateway]))
	})
}

func requests(names []types.NamespacedName) []reconcile.Request {
	out := make([]reconcile.Request, 0, len(names))
	for _, name := range names {
		out = append(out, requestFor(name))
	}
	return out
}

// specChanged lets through what changes what an object says, and not what is
// reported on it, so that our own status is no reason to work. Kinds without a
// generation are compared by what counts.
var specChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		switch old := e.ObjectOld.(type) {
		case *corev1.Service:
			now, ok := e.ObjectNew.(*corev1.Service)
			return !ok || !reflect.DeepEqual(old.Spec, now.Spec) || metadataChanged(old, now)
		case *corev1.Secret:
			now, ok := e.ObjectNew.(*corev1.Secret)
			return !ok || !reflect.DeepEqual(old.Data, now.Data) || metadataChanged(old, now)
		case *corev1.ConfigMap:
			now, ok := e.ObjectNew.(*corev1.ConfigMap)
			return !ok || !reflect.DeepEqual(old.Data, now.Data)
		case *corev1.Namespace, *corev1.ServiceAccount:
			return metadataChanged(old, e.ObjectNew)
		case *gwv1.BackendTLSPolicy:
			now, ok := e.ObjectNew.(*gwv1.BackendTLSPolicy)
			return !ok || old.Generation != now.Generation || isFull(old) != isFull(now)
		}
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
			e.ObjectOld.GetAnnotations()[appliedAnnotation] != e.ObjectNew.GetAnnotations()[appliedAnnotation]
	},
}

// isFull says whether a policy's status has no room for one more Gateway, which can't
// follow it then.
func isFull(policy *gwv1.BackendTLSPolicy) bool {
	return len(policy.Status.Ancestors) >= gatewayapi.MaxAncestors
}

// metadataChanged compares what somebody may want of us, or have taken from us.
func metadataChanged(old, now client.Object) bool {
	return !reflect.DeepEqual(old.GetLabels(), now.GetLabels()) ||
		!reflect.DeepEqual(old.GetOwnerReferences(), now.GetOwnerReferences()) ||
		old.GetAnnotations()[appliedAnnotation] != now.GetAnnotations()[appliedAnnotation]
}
