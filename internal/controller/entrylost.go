// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// specChangedOrEntryLost lets through what specChanged does, and that the status of a route
// or a policy has lost an entry of ours. The list of entries is replaced as a whole, so
// another controller that writes without a lock undoes what it has not seen.
func specChangedOrEntryLost(ours gwv1.GatewayController) predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return specChanged.Update(e) || entriesOf(e.ObjectNew, ours) < entriesOf(e.ObjectOld, ours)
		},
	}
}

// entriesOf counts those that a controller has in the status of a route or a policy.
func entriesOf(object client.Object, controller gwv1.GatewayController) int {
	var parents []gwv1.RouteParentStatus
	n := 0
	switch o := object.(type) {
	case *gwv1.HTTPRoute:
		parents = o.Status.Parents
	case *gwv1.GRPCRoute:
		parents = o.Status.Parents
	case *gwv1.TLSRoute:
		parents = o.Status.Parents
	case *gwv1.TCPRoute:
		parents = o.Status.Parents
	case *gwv1.UDPRoute:
		parents = o.Status.Parents
	case *gwv1.BackendTLSPolicy:
		for i := range o.Status.Ancestors {
			if o.Status.Ancestors[i].ControllerName == controller {
				n++
			}
		}
	}
	for i := range parents {
		if parents[i].ControllerName == controller {
			n++
		}
	}
	return n
}
