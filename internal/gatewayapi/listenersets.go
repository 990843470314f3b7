// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// translateListenerSets rejects ListenerSets of our Gateways, which are not served.
func (t *translation) translateListenerSets() {
	t.statuses.ListenerSets = map[types.NamespacedName]gwv1.ListenerSetStatus{}
	for _, set := range t.snapshot.ListenerSets {
		if t.gatewayOfSet(set) == nil {
			continue
		}
		p := problemf(gwv1.ListenerSetReasonNotAllowed, "ListenerSets are not supported: put the listeners into the Gateway")
		c := conditions{generation: set.Generation}
		c.hold(string(gwv1.ListenerSetConditionAccepted), "", "", p)
		c.hold(string(gwv1.ListenerSetConditionProgrammed), "", "", p)
		t.statuses.ListenerSets[snapshot.NameOf(set)] = gwv1.ListenerSetStatus{Conditions: c.list}
	}
}

// gatewayOfSet gives the Gateway of ours that a ListenerSet belongs to.
func (t *translation) gatewayOfSet(set *gwv1.ListenerSet) *gateway {
	ref := set.Spec.ParentRef
	if ref.Group != nil && *ref.Group != gwv1.GroupName || ref.Kind != nil && *ref.Kind != "Gateway" {
		return nil
	}
	name := types.NamespacedName{Namespace: set.Namespace, Name: string(ref.Name)}
	if ref.Namespace != nil {
		name.Namespace = string(*ref.Namespace)
	}
	return t.gateways[name]
}
