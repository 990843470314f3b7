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

func gatewayClass(o client.Object) []string {
	if gateway, ok := o.(*gwv1.Gateway); ok {
		return []string{string(gateway.Spec.GatewayClassName)}
	}
	return nil
}
