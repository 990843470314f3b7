// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package parameters

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"
)

// PatchDeployment applies a strategic merge patch to a Deployment and returns the
// result. A nil patch changes nothing.
//
// It is an error, which names the field, if the patch isn't one for a Deployment,
// or changes what the Deployment is found by: its type, name, namespace, owners,
// selector, or a label that is selected.
func PatchDeployment(deployment *appsv1.Deployment, patch *runtime.RawExtension) (*appsv1.Deployment, error) {
	if patch == nil || len(patch.Raw) == 0 {
		return deployment.DeepCopy(), nil
	}
	original, err := json.Marshal(deployment)
	if err != nil {
		return nil, fmt.Errorf("encoding the Deployment to patch: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(original, patch.Raw, appsv1.Deployment{})
	if err != nil {
		return nil, fmt.Errorf("not a strategic merge patch of a Deployment: %w", err)
	}
	patched := &appsv1.Deployment{}
	strict, err := kjson.UnmarshalStrict(merged, patched)
	if err != nil {
		return nil, fmt.Errorf("the patched Deployment can't be read: %w", err)
	}
	if len(strict) > 0 {
		return nil, fmt.Errorf("the patched Deployment is wrong: %w", strict[0])
	}
	if field := identityChange(deployment, patched); field != "" {
		return nil, fmt.Errorf("must not change %s", field)
	}
	return patched, nil
}

// identityChange names the field of the identity that the patch changed, or "".
func identityChange(before, after *appsv1.Deployment) string {
	switch {
	case before.TypeMeta != after.TypeMeta:
		return "apiVersion or kind"
	case before.Name != after.Name || before.GenerateName != after.GenerateName:
		return "metadata.name"
	case before.Namespace != after.Namespace:
		return "metadata.namespace"
	case !reflect.DeepEqual(before.OwnerReferences, after.OwnerReferences):
		return "metadata.ownerReferences"
	case !reflect.DeepEqual(before.Spec.Selector, after.Spec.Selector):
		return "spec.selector"
	}
	if before.Spec.Selector == nil {
		return ""
	}
	selected := before.Spec.Selector.MatchLabels
	kept := maps.Clone(after.Spec.Template.Labels)
	maps.DeleteFunc(kept, func(key, value string) bool { return selected[key] != value })
	if len(kept) < len(selected) {
		return "the labels in spec.template.metadata.labels that spec.selector selects"
	}
	return ""
}
