// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/manifest"
)

// notServed begins what is said of an object without effect.
const notServed = "not served: "

// unserved explains why objects have no status. In a cluster they may be somebody
// else's; in a folder nobody else is there to say so.
func unserved(t *Translation) []manifest.Problem {
	has := map[manifest.Key]bool{}
	for _, status := range t.Statuses {
		has[status.Object.Key] = true
	}
	var problems []manifest.Problem
	for _, object := range t.Set.Objects {
		if has[object.Key] {
			continue
		}
		field, message := t.whyUnserved(object)
		if message == "" {
			continue
		}
		problem := manifest.Problem{
			Position: object.FieldPosition(field), Object: object.Key, Message: message,
			// Classes of others and what belongs to them are no mistake.
			Note: true,
		}
		if slices.Contains(t.Kept, object.Key) {
			problem.Message, problem.Note = strings.TrimPrefix(message, notServed), false
		}
		problems = append(problems, problem)
	}
	return problems
}

// whyUnserved is empty for objects that never have a status.
func (t *Translation) whyUnserved(object *manifest.Object) (field, message string) {
	switch value := object.Value.(type) {
	case *gwv1.GatewayClass:
		return "spec.controllerName", fmt.Sprintf(notServed+"the class is of controller %s, not of %s",
			value.Spec.ControllerName, manifest.ControllerName)
	case *gwv1.Gateway:
		return "spec.gatewayClassName", t.whyGateway(string(value.Spec.GatewayClassName))
	case *gwv1.ListenerSet:
		return "spec.parentRef", notServed + "its Gateway is not served or not in the files"
	case *gwv1.BackendTLSPolicy:
		return "spec.targetRefs", "without effect: no route of a Gateway that is served uses what it targets"
	case *gwv1.HTTPRoute:
		return t.whyRoute(object, value.Spec.ParentRefs)
	case *gwv1.GRPCRoute:
		return t.whyRoute(object, value.Spec.ParentRefs)
	case *gwv1.TLSRoute:
		return t.whyRoute(object, value.Spec.ParentRefs)
	case *gwv1.TCPRoute:
		return t.whyRoute(object, value.Spec.ParentRefs)
	case *gwv1.UDPRoute:
		return t.whyRoute(object, value.Spec.ParentRefs)
	}
	return "", ""
}

func (t *Translation) whyGateway(class string) string {
	if t.Set.Find(manifest.Key{Group: gwv1.GroupName, Kind: "GatewayClass", Name: class}) == nil {
		return fmt.Sprintf(notServed+"GatewayClass %s is not in the files, and only %s may be left out", class, manifest.ClassName)
	}
	return fmt.Sprintf(notServed+"GatewayClass %s is of another controller", class)
}

func (t *Translation) whyRoute(object *manifest.Object, refs []gwv1.ParentReference) (field, message string) {
	if len(refs) == 0 {
		return "spec", notServed + "it has no parentRefs"
	}
	for i, ref := range refs {
		key := manifest.Key{Group: gwv1.GroupName, Kind: "Gateway", Namespace: object.Namespace, Name: string(ref.Name)}
		if ref.Group != nil {
			key.Group = string(*ref.Group)
		}
		if ref.Kind != nil {
			key.Kind = cmp.Or(string(*ref.Kind), key.Kind)
		}
		if ref.Namespace != nil {
			key.Namespace = string(*ref.Namespace)
		}
		field = fmt.Sprintf("spec.parentRefs[%d]", i)
		if t.Set.Find(key) == nil {
			return field, fmt.Sprintf(notServed+"%s is not in the files", key)
		}
	}
	return "spec.parentRefs", notServed + "its parents are not served"
}
