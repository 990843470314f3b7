// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch

var crdKind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// crdMetadata stands for CustomResourceDefinitions of which only the metadata is read.
func crdMetadata() *metav1.PartialObjectMetadata {
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(crdKind)
	return crd
}

// onlyVersion leaves of a CRD's metadata what the status of classes needs, version and
// channel: clusters have hundreds of them, with whole schemas in an annotation of kubectl.
func onlyVersion(object any) (any, error) {
	crd, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	kept := crdMetadata()
	kept.Name, kept.UID, kept.ResourceVersion = crd.Name, crd.UID, crd.ResourceVersion
	for _, name := range []string{consts.BundleVersionAnnotation, consts.ChannelAnnotation} {
		if value, ok := crd.Annotations[name]; ok {
			metav1.SetMetaDataAnnotation(&kept.ObjectMeta, name, value)
		}
	}
	return kept, nil
}

// readCRDs gives the metadata of all CRDs.
func readCRDs(ctx context.Context, reader client.Reader) ([]*metav1.PartialObjectMetadata, error) {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(crdKind.GroupVersion().WithKind(crdKind.Kind + "List"))
	if err := reader.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list CustomResourceDefinitions: %w", err)
	}
	crds := make([]*metav1.PartialObjectMetadata, 0, len(list.Items))
	for i := range list.Items {
		crds = append(crds, &list.Items[i])
	}
	return crds, nil
}

// classesForCRD maps the Gateway API's CRDs to all classes.
func (o *operator) classesForCRD() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, crd client.Object) []reconcile.Request {
		var list gwv1.GatewayClassList
		if !gatewayapi.IsGatewayAPI(crd.GetName()) || o.mgr.GetClient().List(ctx, &list) != nil {
			return nil
		}
		requests := make([]reconcile.Request, 0, len(list.Items))
		for _, class := range list.Items {
			requests = append(requests, requestFor(types.NamespacedName{Name: class.Name}))
		}
		return requests
	})
}
