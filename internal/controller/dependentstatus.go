// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
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
	events         events.EventRecorder
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
		writeEach(ctx, d.writer, s.BackendTLSPolicies, statusOf[*gwv1.BackendTLSPolicy, gwv1.PolicyStatus]{
			merge: scope.policy(wanted.BackendTLSPolicies),
			of:    func(p *gwv1.BackendTLSPolicy) *gwv1.PolicyStatus { return &p.Status },
			written: func(p *gwv1.BackendTLSPolicy, before, now gwv1.PolicyStatus) {
				d.announceAncestors(p, before, now)
			},
		}),
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
	return writeEach(ctx, d.writer, sets, statusOf[*gwv1.ListenerSet, gwv1.ListenerSetStatus]{
		merge: func(set *gwv1.ListenerSet, present gwv1.ListenerSetStatus) gwv1.ListenerSetStatus {
			return status.MergeListenerSet(present, gatewayapi.Orphaned(set), now)
		},
		of: statusOfSet,
	})
}

func statusOfSet(set *gwv1.ListenerSet) *gwv1.ListenerSetStatus { return &set.Status }

func (s scoped) writeRoutes(ctx context.Context, snap *snapshot.Snapshot, wanted *gatewayapi.Statuses) error {
	return errors.Join(
		writeEach(ctx, s.writer, snap.HTTPRoutes, routes(s, wanted.HTTPRoutes,
			func(r *gwv1.HTTPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus })),
		writeEach(ctx, s.writer, snap.GRPCRoutes, routes(s, wanted.GRPCRoutes,
			func(r *gwv1.GRPCRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus })),
		writeEach(ctx, s.writer, snap.TLSRoutes, routes(s, wanted.TLSRoutes,
			func(r *gwv1.TLSRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus })),
		writeEach(ctx, s.writer, snap.TCPRoutes, routes(s, wanted.TCPRoutes,
			func(r *gwv1.TCPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus })),
		writeEach(ctx, s.writer, snap.UDPRoutes, routes(s, wanted.UDPRoutes,
			func(r *gwv1.UDPRoute) *gwv1.RouteStatus { return &r.Status.RouteStatus })),
	)
}

// statusOf says how the statuses S of objects T are written.
type statusOf[T client.Object, S any] struct {
	// merge makes a status of the one that there is.
	merge func(T, S) S
	// of is where an object has its status.
	of func(T) *S
	// written is called when a status was, if it is not nil.
	written func(object T, before, now S)
}

// writeEach gives objects the status that merge makes of the one that they have,
// where it differs.
func writeEach[T client.Object, S any](ctx context.Context, writer *statusWriter, objects []T, how statusOf[T, S]) error {
	var errs []error
	for _, object := range objects {
		if err := writer.fresh(object); err != nil {
			errs = append(errs, err)
			continue
		}
		present := how.of(object)
		merged := how.merge(object, *present)
		if status.Equal(merged, *present) {
			continue
		}
		changed, ok := object.DeepCopyObject().(T)
		if !ok {
			continue
		}
		*how.of(changed) = merged
		err := writer.write(ctx, changed, object)
		if err == nil && how.written != nil {
			how.written(object, *present, merged)
		}
		errs = append(errs, err)
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

// routes says how the statuses of routes of any kind are written.
func routes[T client.Object](
	s scoped, wanted map[types.NamespacedName]gwv1.RouteStatus, of func(T) *gwv1.RouteStatus,
) statusOf[T, gwv1.RouteStatus] {
	return statusOf[T, gwv1.RouteStatus]{
		merge: func(route T, present gwv1.RouteStatus) gwv1.RouteStatus {
			return status.MergeRoute(present, wanted[snapshot.NameOf(route)], s.of(route))
		},
		of:      of,
		written: func(route T, before, now gwv1.RouteStatus) { s.announceParents(route, before, now) },
	}
}
