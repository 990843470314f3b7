// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// dependentStatuses writes the statuses of what names Gateways: routes,
// ListenerSets and policies. Each Gateway of ours changes its own entries only.
type dependentStatuses struct {
	writer         *statusWriter
	controllerName gwv1.GatewayController
	now            func() time.Time
}

// write brings the entries for one Gateway in the statuses of what the snapshot
// has to what they should be. What is without one in wanted loses its own.
func (d *dependentStatuses) write(ctx context.Context, gateway types.NamespacedName, s *snapshot.Snapshot, wanted *gatewayapi.Statuses) error {
	scope := scoped{dependentStatuses: d, gateway: gateway, now: metav1.NewTime(d.now())}
	return errors.Join(
		writeEach(ctx, d.writer, s.HTTPRoutes, mergeRoutes[*gwv1.HTTPRoute](scope, wanted.HTTPRoutes),
			func(r *gwv1.HTTPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, d.writer, s.GRPCRoutes, mergeRoutes[*gwv1.GRPCRoute](scope, wanted.GRPCRoutes),
			func(r *gwv1.GRPCRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, d.writer, s.TLSRoutes, mergeRoutes[*gwv1.TLSRoute](scope, wanted.TLSRoutes),
			func(r *gwv1.TLSRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, d.writer, s.TCPRoutes, mergeRoutes[*gwv1.TCPRoute](scope, wanted.TCPRoutes),
			func(r *gwv1.TCPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, d.writer, s.UDPRoutes, mergeRoutes[*gwv1.UDPRoute](scope, wanted.UDPRoutes),
			func(r *gwv1.UDPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, d.writer, s.ListenerSets, scope.listenerSet(wanted.ListenerSets),
			func(l *gwv1.ListenerSet) *gwv1.ListenerSetStatus { return &l.Status }),
		writeEach(ctx, d.writer, s.BackendTLSPolicies, scope.policy(wanted.BackendTLSPolicies),
			func(p *gwv1.BackendTLSPolicy) *gwv1.PolicyStatus { return &p.Status }),
	)
}

// writeEach gives objects the status that merge makes of the one that they have,
// where it differs.
func writeEach[T client.Object, S any](ctx context.Context, writer *statusWriter, objects []T, merge func(T, S) S, of func(T) *S) error {
	var errs []error
	for _, object := range objects {
		if err := writer.fresh(object); err != nil {
			errs = append(errs, err)
			continue
		}
		present := of(object)
		merged := merge(object, *present)
		if status.Equal(merged, *present) {
			continue
		}
		changed, ok := object.DeepCopyObject().(T)
		if !ok {
			continue
		}
		*of(changed) = merged
		errs = append(errs, writer.write(ctx, changed, object))
	}
	return errors.Join(errs...)
}

// scoped merges statuses for one Gateway.
type scoped struct {
	*dependentStatuses
	gateway types.NamespacedName
	now     metav1.Time
}

// of is the scope within the status of an object.
func (s scoped) of(object client.Object) status.Scope {
	return status.Scope{
		ControllerName: s.controllerName,
		Now:            s.now,
		Stale: func(ref gwv1.ParentReference) bool {
			name, ok := cluster.GatewayOf(ref, object.GetNamespace())
			return ok && name == s.gateway
		},
	}
}

func (s scoped) policy(wanted map[types.NamespacedName]gwv1.PolicyStatus) func(*gwv1.BackendTLSPolicy, gwv1.PolicyStatus) gwv1.PolicyStatus {
	return func(p *gwv1.BackendTLSPolicy, present gwv1.PolicyStatus) gwv1.PolicyStatus {
		return status.MergePolicy(present, wanted[snapshot.NameOf(p)], s.of(p))
	}
}

// listenerSet leaves a set alone that is not wanted: nothing in its status says
// whose the status is.
func (s scoped) listenerSet(
	wanted map[types.NamespacedName]gwv1.ListenerSetStatus,
) func(*gwv1.ListenerSet, gwv1.ListenerSetStatus) gwv1.ListenerSetStatus {
	return func(set *gwv1.ListenerSet, present gwv1.ListenerSetStatus) gwv1.ListenerSetStatus {
		ours, ok := wanted[snapshot.NameOf(set)]
		if !ok {
			return present
		}
		return status.MergeListenerSet(present, ours, s.now)
	}
}

// mergeRoutes is for routes of all kinds.
func mergeRoutes[T client.Object](s scoped, wanted map[types.NamespacedName]gwv1.RouteStatus) func(T, gwv1.RouteStatus) gwv1.RouteStatus {
	return func(route T, present gwv1.RouteStatus) gwv1.RouteStatus {
		return status.MergeRoute(present, wanted[snapshot.NameOf(route)], s.of(route))
	}
}
