// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/parameters"
)

// class is a GatewayClass of ours.
type class struct {
	object     *gwv1.GatewayClass
	parameters *v1alpha1.GatewayParametersSpec
	problem    *problem
}

func (t *translation) translateClasses() {
	t.statuses.GatewayClasses = map[types.NamespacedName]gwv1.GatewayClassStatus{}
	for _, object := range t.snapshot.GatewayClasses {
		if string(object.Spec.ControllerName) != t.options.ControllerName {
			continue
		}
		c := &class{object: object}
		c.parameters, c.problem = t.classParameters(object)
		t.classes[object.Name] = c
		t.statuses.GatewayClasses[types.NamespacedName{Name: object.Name}] = t.classStatus(c)
	}
}

func (t *translation) classStatus(c *class) gwv1.GatewayClassStatus {
	conditions := conditions{generation: c.object.Generation}
	conditions.hold(string(gwv1.GatewayClassConditionStatusAccepted), string(gwv1.GatewayClassReasonAccepted),
		"Gateways of this class are served", c.problem)
	t.addSupportedVersion(&conditions)
	return gwv1.GatewayClassStatus{Conditions: conditions.list, SupportedFeatures: t.supportedFeatures()}
}

// classParameters resolves spec.parametersRef of a GatewayClass.
func (t *translation) classParameters(c *gwv1.GatewayClass) (*v1alpha1.GatewayParametersSpec, *problem) {
	const reason = gwv1.GatewayClassReasonInvalidParameters
	ref := c.Spec.ParametersRef
	switch {
	case ref == nil:
		return nil, nil
	case ref.Group != v1alpha1.GroupName || ref.Kind != v1alpha1.KindGatewayClassParameters:
		return nil, problemf(reason, "spec.parametersRef: %s is not a kind of parameters: use %s of group %s",
			ref.Kind, v1alpha1.KindGatewayClassParameters, v1alpha1.GroupName)
	case ref.Namespace != nil:
		return nil, problemf(reason, "spec.parametersRef: namespace must not be set, since %s is cluster-scoped",
			v1alpha1.KindGatewayClassParameters)
	}
	p := t.index.GatewayClassParameters(ref.Name)
	if p == nil {
		return nil, problemf(reason, "spec.parametersRef: %s %s does not exist", ref.Kind, ref.Name)
	}
	if err := parameters.Validate(p.Spec); err != nil {
		return nil, problemf(reason, "%s %s: %v", ref.Kind, ref.Name, err)
	}
	return &p.Spec, nil
}
