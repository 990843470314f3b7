// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
	"github.com/kubera-dev/kubera/internal/status"
)

// routeStatuses writes the statuses of routes. Each Gateway of ours changes its
// own entries only.
type routeStatuses struct {
	client         client.Client
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
		errs = append(errs, patchStatus(ctx, r.client, changed, route))
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

// patchStatus writes the status of changed where it differs from before. It fails
// if somebody else has written the object since, as lists of statuses are replaced
// as a whole. An object that is gone needs no status.
func patchStatus(ctx context.Context, c client.Client, changed, before client.Object) error {
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := c.Status().Patch(ctx, changed, patch)
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return fmt.Errorf("write the status of %T %s: %w", before, client.ObjectKeyFromObject(before), err)
}
