// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	// fieldManager names us in server-side apply.
	fieldManager = "kubera"
	// appliedAnnotation holds a hash of what was applied. Without it a field that
	// is not wanted any more could not be told from one that somebody else set.
	appliedAnnotation = "gateway.kubera.dev/applied"
	// controllerAnnotation holds the controllerName of who applied it. Several
	// operators, for classes of their own, may hand Gateways to each other.
	controllerAnnotation = "gateway.kubera.dev/controller"
)

// gatewayKind is the kind of the owner of all objects.
var gatewayKind = schema.GroupVersionKind{Group: gwv1.GroupName, Version: gwv1.GroupVersion.Version, Kind: "Gateway"}

// applier writes the objects of Gateways.
type applier struct {
	// cached sees objects of ours only; live sees all.
	cached client.Client
	live   client.Reader
	// controllerName is ours.
	controllerName string
}

// foreignObjectError says that an object can't be made because somebody else has
// one of its name.
type foreignObjectError struct{ kind, name string }

func (e *foreignObjectError) Error() string {
	return fmt.Sprintf("%s %s exists and does not belong to this Gateway: delete or rename it", e.kind, e.name)
}

// apply makes an object of a Gateway as wanted, by server-side apply, and writes
// nothing if it already is.
func (a *applier) apply(ctx context.Context, owner *gwv1.Gateway, object client.Object) error {
	present, err := a.find(ctx, owner, object)
	if err != nil {
		return err
	}
	wanted, same, err := a.compare(object, present)
	if err != nil || same {
		return err
	}
	if held, err := a.holdReplicas(ctx, object, present); err != nil {
		return err
	} else if held != nil {
		if wanted, same, err = a.compare(held, present); err != nil || same {
			return err
		}
	}
	err = a.cached.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.FieldOwner(fieldManager), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", wanted.GetKind(), client.ObjectKeyFromObject(object), err)
	}
	return nil
}

// find gives the object that there is, or nil.
func (a *applier) find(ctx context.Context, owner *gwv1.Gateway, object client.Object) (client.Object, error) {
	present, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not an object", object)
	}
	key := client.ObjectKeyFromObject(object)
	err := a.cached.Get(ctx, key, present)
	if apierrors.IsNotFound(err) {
		err = a.live.Get(ctx, key, present)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // nothing is there
	case err != nil:
		return nil, fmt.Errorf("get %T %s: %w", object, key, err)
	case !belongsTo(present, owner):
		return nil, &foreignObjectError{kind: a.kindOf(object), name: key.String()}
	}
	return present, nil
}

func (a *applier) kindOf(object client.Object) string {
	gvk, err := apiutil.GVKForObject(object, a.cached.Scheme())
	if err != nil {
		return fmt.Sprintf("%T", object)
	}
	return gvk.Kind
}

// compare gives what is to be applied for an object, and says whether it is there.
func (a *applier) compare(object, present client.Object) (*unstructured.Unstructured, bool, error) {
	gvk, err := apiutil.GVKForObject(object, a.cached.Scheme())
	if err != nil {
		return nil, false, err
	}
	wanted, err := a.wantedContent(object)
	if err != nil {
		return nil, false, fmt.Errorf("encode %s %s: %w", gvk.Kind, object.GetName(), err)
	}
	wanted.SetGroupVersionKind(gvk)
	if present == nil {
		return wanted, false, nil
	}
	same, err := isApplied(wanted, present)
	return wanted, same, err
}

// holdReplicas gives the object with the present number of replicas, if it is a
// Deployment that is to be scaled by others and we still hold the number.
func (a *applier) holdReplicas(ctx context.Context, object, present client.Object) (client.Object, error) {
	deployment, ok := object.(*appsv1.Deployment)
	if !ok || present == nil || deployment.Spec.Replicas != nil {
		return nil, nil //nolint:nilnil // nothing to hold
	}
	// Caches have no managed fields.
	var live appsv1.Deployment
	if err := a.live.Get(ctx, client.ObjectKeyFromObject(object), &live); err != nil {
		return nil, fmt.Errorf("get Deployment %s: %w", client.ObjectKeyFromObject(object), err)
	}
	replicas := heldReplicas(&live)
	if replicas == nil {
		return nil, nil //nolint:nilnil // nothing to hold
	}
	held := deployment.DeepCopy()
	held.Spec.Replicas = replicas
	return held, nil
}

// belongsTo says whether an object is the Gateway's, or that of an earlier
// Gateway of the name, whose objects are taken over.
func belongsTo(object client.Object, gateway *gwv1.Gateway) bool {
	ref := metav1.GetControllerOf(object)
	return ref != nil && ref.Kind == "Gateway" && ref.Name == gateway.Name
}

// wantedContent is an object as it is applied: what is set, and a hash of it.
func (a *applier) wantedContent(object client.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(content, "status")
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(content, "spec", "template", "metadata", "creationTimestamp")
	data, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[controllerAnnotation] = a.controllerName
	annotations[appliedAnnotation] = hex.EncodeToString(sum[:8])
	u.SetAnnotations(annotations)
	return u, nil
}

// isApplied says whether everything that is wanted is there, and nothing that was
// wanted before and is not now.
func isApplied(wanted *unstructured.Unstructured, present client.Object) (bool, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(present)
	if err != nil {
		return false, err
	}
	for _, field := range []string{"apiVersion", "kind"} {
		// Objects from a cache don't say it.
		content[field] = wanted.Object[field]
	}
	return contains(content, wanted.Object), nil
}

// contains says whether part is in whole: maps by key, lists element by element.
func contains(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		whole, ok := whole.(map[string]any)
		if !ok {
			return len(part) == 0
		}
		for key, value := range part {
			if !contains(whole[key], value) {
				return false
			}
		}
		return true
	case []any:
		whole, ok := whole.([]any)
		if !ok || len(whole) != len(part) {
			return len(part) == 0 && !ok
		}
		for i := range part {
			if !contains(whole[i], part[i]) {
				return false
			}
		}
		return true
	}
	return equality.Semantic.DeepEqual(whole, part)
}

// remove deletes an object of a Gateway, if it is there and the Gateway's.
func (a *applier) remove(ctx context.Context, owner *gwv1.Gateway, object client.Object) error {
	return a.removeIf(ctx, object, func(present client.Object) bool { return belongsTo(present, owner) })
}

// withdraw deletes an object of a Gateway that somebody else serves now, if it is
// there, and was applied by us and by nobody after us.
func (a *applier) withdraw(ctx context.Context, owner *gwv1.Gateway, object client.Object) error {
	return a.removeIf(ctx, object, func(present client.Object) bool {
		return belongsTo(present, owner) && present.GetAnnotations()[controllerAnnotation] == a.controllerName
	})
}

func (a *applier) removeIf(ctx context.Context, object client.Object, ours func(client.Object) bool) error {
	present, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T is not an object", object)
	}
	err := a.cached.Get(ctx, client.ObjectKeyFromObject(object), present)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	if !ours(present) || present.GetDeletionTimestamp() != nil {
		return nil
	}
	uid, version := present.GetUID(), present.GetResourceVersion()
	err = a.cached.Delete(ctx, present, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %T %s, which is not wanted any more: %w", object, client.ObjectKeyFromObject(object), err)
	}
	return nil
}
