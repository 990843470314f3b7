// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// routeStatuses writes the statuses of routes. Each Gateway of ours changes its
// own entries only.
type routeStatuses struct {
	writer         *statusWriter
	controllerName gwv1.GatewayController
	now            func() time.Time
}

// write brings the entries for one Gateway in the statuses of routes to what they
// should be; routes without one in wanted lose theirs.
func (r *routeStatuses) write(ctx context.Context, gateway types.NamespacedName,
	routes []*gwv1.HTTPRoute, wanted map[types.NamespacedName]gwv1.RouteStatus,
) error {
	var errs []error
	for _, route := range routes {
		if err := r.writer.fresh(route); err != nil {
			errs = append(errs, err)
			continue
		}
		scope := status.Scope{
			ControllerName: r.controllerName,
			Now:            metav1.NewTime(r.now()),
			Stale: func(ref gwv1.ParentReference) bool {
				return parentName(ref, route.Namespace) == gateway
			},
		}
		merged := status.MergeRoute(route.Status.RouteStatus, wanted[snapshot.NameOf(route)], scope)
		if status.Equal(merged, route.Status.RouteStatus) {
			continue
		}
		changed := route.DeepCopy()
		changed.Status.RouteStatus = merged
		errs = append(errs, r.writer.write(ctx, changed, route))
	}
	return errors.Join(errs...)
}

func parentName(ref gwv1.ParentReference, namespace string) types.NamespacedName {
	if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind != nil && *ref.Kind != "Gateway" {
		return types.NamespacedName{}
	}
	if ref.Namespace != nil {
		namespace = string(*ref.Namespace)
	}
	return types.NamespacedName{Namespace: namespace, Name: string(ref.Name)}
}
