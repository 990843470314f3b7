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

// dependentStatuses writes the statuses of what names Gateways, or their
// ListenerSets: routes and policies. Each Gateway of ours changes its own entries
// only. The statuses of ListenerSets themselves wait for the proxies, as those of
// Gateways do.
type dependentStatuses struct {
	writer         *statusWriter
	controllerName gwv1.GatewayController
	now            func() time.Time
}

// write brings the entries for one Gateway in the statuses of what the snapshot
// has to what they should be. What is without one in wanted loses its own.
func (d *dependentStatuses) write(ctx context.Context, gateway types.NamespacedName, s *snapshot.Snapshot, wanted *gatewayapi.Statuses) error {
	scope := scoped{dependentStatuses: d, gateway: gateway, sets: map[types.NamespacedName]bool{}, now: metav1.NewTime(d.now())}
	for _, set := range s.ListenerSets {
		scope.sets[snapshot.NameOf(set)] = true
	}
	return errors.Join(
		scope.writeRoutes(ctx, s, wanted),
		writeEach(ctx, d.writer, s.BackendTLSPolicies, scope.policy(wanted.BackendTLSPolicies),
			func(p *gwv1.BackendTLSPolicy) *gwv1.PolicyStatus { return &p.Status }),
	)
}

// clear removes the entries for a ListenerSet that is no part of a Gateway of ours
// from the statuses of routes.
func (d *dependentStatuses) clear(ctx context.Context, set types.NamespacedName, s *snapshot.Snapshot) error {
	scope := scoped{dependentStatuses: d, sets: map[types.NamespacedName]bool{set: true}, now: metav1.NewTime(d.now())}
	return scope.writeRoutes(ctx, s, &gatewayapi.Statuses{})
}

// orphan takes back what was said of ListenerSets whose Gateway is gone.
func (d *dependentStatuses) orphan(ctx context.Context, sets []*gwv1.ListenerSet) error {
	now := metav1.NewTime(d.now())
	return writeEach(ctx, d.writer, sets, func(set *gwv1.ListenerSet, present gwv1.ListenerSetStatus) gwv1.ListenerSetStatus {
		return status.MergeListenerSet(present, gatewayapi.Orphaned(set), now)
	}, func(set *gwv1.ListenerSet) *gwv1.ListenerSetStatus { return &set.Status })
}

func (s scoped) writeRoutes(ctx context.Context, snap *snapshot.Snapshot, wanted *gatewayapi.Statuses) error {
	return errors.Join(
		writeEach(ctx, s.writer, snap.HTTPRoutes, mergeRoutes[*gwv1.HTTPRoute](s, wanted.HTTPRoutes),
			func(r *gwv1.HTTPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, s.writer, snap.GRPCRoutes, mergeRoutes[*gwv1.GRPCRoute](s, wanted.GRPCRoutes),
			func(r *gwv1.GRPCRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, s.writer, snap.TLSRoutes, mergeRoutes[*gwv1.TLSRoute](s, wanted.TLSRoutes),
			func(r *gwv1.TLSRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, s.writer, snap.TCPRoutes, mergeRoutes[*gwv1.TCPRoute](s, wanted.TCPRoutes),
			func(r *gwv1.TCPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
		writeEach(ctx, s.writer, snap.UDPRoutes, mergeRoutes[*gwv1.UDPRoute](s, wanted.UDPRoutes),
			func(r *gwv1.UDPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus }),
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

// scoped merges statuses for one Gateway and its ListenerSets.
type scoped struct {
	*dependentStatuses
	gateway types.NamespacedName
	sets    map[types.NamespacedName]bool
	now     metav1.Time
}

// of is the scope within the status of an object.
func (s scoped) of(object client.Object) status.Scope {
	return status.Scope{
		ControllerName: s.controllerName,
		Now:            s.now,
		Stale: func(ref gwv1.ParentReference) bool {
			if set, ok := cluster.SetOf(ref, object.GetNamespace()); ok {
				return s.sets[set]
			}
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

// mergeRoutes is for routes of all kinds.
func mergeRoutes[T client.Object](s scoped, wanted map[types.NamespacedName]gwv1.RouteStatus) func(T, gwv1.RouteStatus) gwv1.RouteStatus {
	return func(route T, present gwv1.RouteStatus) gwv1.RouteStatus {
		return status.MergeRoute(present, wanted[snapshot.NameOf(route)], s.of(route))
	}
}
