// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// MaxAncestors bounds PolicyStatus.ancestors.
const MaxAncestors = 16

// translatePolicies gives BackendTLSPolicies a status at each Gateway that has an
// attached route with a reference to a Service that the policy is for.
func (t *translation) translatePolicies() {
	t.statuses.BackendTLSPolicies = map[types.NamespacedName]gwv1.PolicyStatus{}
	for _, object := range t.snapshot.BackendTLSPolicies {
		status := gwv1.PolicyStatus{}
		for _, g := range t.order {
			if !g.reaches(object) {
				continue
			}
			policy := t.tlsPolicyOf(object)
			for _, name := range policy.configMaps {
				g.dependOnConfigMap(name)
			}
			if len(status.Ancestors) < MaxAncestors && !policy.unreportable {
				status.Ancestors = append(status.Ancestors, t.policyStatus(policy, g))
			}
		}
		if len(status.Ancestors) > 0 {
			t.statuses.BackendTLSPolicies[snapshot.NameOf(object)] = status
		}
	}
}

// reaches says whether a route that is attached to the Gateway refers to a
// target of the policy.
func (g *gateway) reaches(policy *gwv1.BackendTLSPolicy) bool {
	return slices.ContainsFunc(snapshot.TargetsOf(policy), func(target types.NamespacedName) bool {
		_, ok := g.services[target]
		return ok
	})
}

func (t *translation) policyStatus(policy *tlsPolicy, g *gateway) gwv1.PolicyAncestorStatus {
	group, kind, namespace := gwv1.Group(gwv1.GroupName), gwv1.Kind("Gateway"), gwv1.Namespace(g.model.Object.Namespace)
	c := conditions{generation: policy.object.Generation}
	c.hold(string(gwv1.PolicyConditionAccepted), string(gwv1.PolicyReasonAccepted), "TLS is spoken to the endpoints as the policy says",
		t.policyProblem(policy))
	c.hold(string(gwv1.BackendTLSPolicyConditionResolvedRefs), string(gwv1.BackendTLSPolicyReasonResolvedRefs),
		"all references are resolved", policy.unresolved.summary())
	return gwv1.PolicyAncestorStatus{
		AncestorRef: gwv1.ParentReference{
			Group: &group, Kind: &kind, Namespace: &namespace, Name: gwv1.ObjectName(g.model.Object.Name),
		},
		ControllerName: gwv1.GatewayController(t.options.ControllerName),
		Conditions:     c.list,
	}
}

// policyProblem says why a policy is not accepted. One that does not take precedence
// is not in force, so that its other problems harm nobody.
func (t *translation) policyProblem(policy *tlsPolicy) *problem {
	if other := t.conflicting(policy.object); other != "" {
		return problemf(gwv1.PolicyReasonConflicted, "BackendTLSPolicy %s has the same target and is older, or comes first by name", other)
	}
	if policy.problem != nil {
		return &problem{reason: policy.problem.reason, message: policy.problem.message + "; requests to the target are answered with 500"}
	}
	return t.missingTarget(policy.object)
}

// missingTarget finds a target that does not exist.
func (t *translation) missingTarget(policy *gwv1.BackendTLSPolicy) *problem {
	const reason = gwv1.PolicyReasonTargetNotFound
	for _, target := range snapshot.TargetsOf(policy) {
		service := t.index.Service(target)
		if service == nil {
			return problemf(reason, "Service %s does not exist", target)
		}
		for section := range sectionsFor(policy, target.Name) {
			found := section == ""
			for i := range service.Spec.Ports {
				found = found || service.Spec.Ports[i].Name == section
			}
			if !found {
				return problemf(reason, "Service %s has no port named %s", target, section)
			}
		}
	}
	return nil
}
