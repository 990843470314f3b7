// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/parameters"
)

// gatewayParameters merges the parameters of a Gateway into those of its class.
func (t *translation) gatewayParameters(g *gwv1.Gateway, class *class) (v1alpha1.GatewayParametersSpec, *problem) {
	const reason = gwv1.GatewayReasonInvalidParameters
	if class.problem != nil {
		return v1alpha1.GatewayParametersSpec{}, problemf(reason, "GatewayClass %s is not accepted: %s",
			class.object.Name, class.problem.message)
	}
	if g.Spec.Infrastructure == nil || g.Spec.Infrastructure.ParametersRef == nil {
		return parameters.Merge(class.parameters, nil), nil
	}
	ref := g.Spec.Infrastructure.ParametersRef
	if ref.Group != v1alpha1.GroupName || ref.Kind != v1alpha1.KindGatewayParameters {
		return v1alpha1.GatewayParametersSpec{}, problemf(reason,
			"spec.infrastructure.parametersRef: %s is not a kind of parameters: use %s of group %s",
			ref.Kind, v1alpha1.KindGatewayParameters, v1alpha1.GroupName)
	}
	own := t.index.GatewayParameters(types.NamespacedName{Namespace: g.Namespace, Name: ref.Name})
	if own == nil {
		return v1alpha1.GatewayParametersSpec{}, problemf(reason, "spec.infrastructure.parametersRef: %s %s/%s does not exist",
			ref.Kind, g.Namespace, ref.Name)
	}
	// Only the merge shows what the class and the Gateway say against each other.
	merged := parameters.Merge(class.parameters, &own.Spec)
	if err := parameters.Validate(merged); err != nil {
		return v1alpha1.GatewayParametersSpec{}, problemf(reason, "%s %s/%s: %v", ref.Kind, g.Namespace, ref.Name, err)
	}
	return merged, nil
}
