// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// maxAncestors bounds PolicyStatus.ancestors.
const maxAncestors = 16

// targets says whether a policy is for a port of a Service: for all of them, or
// for the one that it names.
func targets(policy *gwv1.BackendTLSPolicy, s servicePort) bool {
	return slices.ContainsFunc(policy.Spec.TargetRefs, func(ref gwv1.LocalPolicyTargetReferenceWithSectionName) bool {
		return ref.Group == "" && ref.Kind == "Service" && string(ref.Name) == s.service.Name &&
			(ref.SectionName == nil || *ref.SectionName == "" || string(*ref.SectionName) == s.port.Name)
	})
}

// translatePolicies rejects BackendTLSPolicies at each Gateway that has an
// attached route with a reference to a Service that the policy is for.
func (t *translation) translatePolicies() {
	t.statuses.BackendTLSPolicies = map[types.NamespacedName]gwv1.PolicyStatus{}
	for _, policy := range t.snapshot.BackendTLSPolicies {
		status := gwv1.PolicyStatus{}
		for _, g := range t.order {
			if len(status.Ancestors) < maxAncestors && g.reaches(policy) {
				status.Ancestors = append(status.Ancestors, t.rejectPolicy(policy, g))
			}
		}
		if len(status.Ancestors) > 0 {
			t.statuses.BackendTLSPolicies[snapshot.NameOf(policy)] = status
		}
	}
}

// reaches says whether a route that is attached to the Gateway refers to a
// target of the policy.
func (g *gateway) reaches(policy *gwv1.BackendTLSPolicy) bool {
	return slices.ContainsFunc(policy.Spec.TargetRefs, func(ref gwv1.LocalPolicyTargetReferenceWithSectionName) bool {
		_, ok := g.services[types.NamespacedName{Namespace: policy.Namespace, Name: string(ref.Name)}]
		return ok && ref.Group == "" && ref.Kind == "Service"
	})
}

func (t *translation) rejectPolicy(policy *gwv1.BackendTLSPolicy, g *gateway) gwv1.PolicyAncestorStatus {
	group, kind, namespace := gwv1.Group(gwv1.GroupName), gwv1.Kind("Gateway"), gwv1.Namespace(g.model.Object.Namespace)
	c := conditions{generation: policy.Generation}
	c.hold(string(gwv1.PolicyConditionAccepted), "", "", problemf(gwv1.PolicyReasonInvalid,
		"BackendTLSPolicy is not supported: requests to the Service are answered with 500"))
	return gwv1.PolicyAncestorStatus{
		AncestorRef: gwv1.ParentReference{
			Group: &group, Kind: &kind, Namespace: &namespace, Name: gwv1.ObjectName(g.model.Object.Name),
		},
		ControllerName: gwv1.GatewayController(t.options.ControllerName),
		Conditions:     c.list,
	}
}
