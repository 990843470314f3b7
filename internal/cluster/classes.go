// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// InUse says whether there is a Gateway of the class, be it about to end.
func (r *Reader) InUse(ctx context.Context, class string) (bool, error) {
	var list gwv1.GatewayList
	err := r.Client.List(ctx, &list, client.MatchingFields{classIndex: class}, client.Limit(1), client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, fmt.Errorf("list Gateways of GatewayClass %s: %w", class, err)
	}
	return len(list.Items) > 0, nil
}

// AllGrants reads the ReferenceGrants of all namespaces.
func (r *Reader) AllGrants(ctx context.Context) ([]*gwv1.ReferenceGrant, error) {
	if r.Absent[Grants] {
		return nil, nil
	}
	var list gwv1.ReferenceGrantList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list ReferenceGrants: %w", err)
	}
	return pointers(list.Items), nil
}

func gatewayClass(o client.Object) []string {
	if gateway, ok := o.(*gwv1.Gateway); ok {
		return []string{string(gateway.Spec.GatewayClassName)}
	}
	return nil
}
