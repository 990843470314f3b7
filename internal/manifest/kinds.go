// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/manifest/schema"
)

// kind reads the objects of one kind.
type kind struct {
	namespaced bool
	// served are the versions that are read.
	served []string
	// read may change what it is given.
	read func(context.Context, map[string]any) (metav1.Object, field.ErrorList)
}

// customKind is a kind that a CRD defines, in the version of the snapshot.
type customKind struct {
	version string
	new     func() metav1.Object
}

func (c customKind) reader(defined *schema.Kind) func(context.Context, map[string]any) (metav1.Object, field.ErrorList) {
	return func(ctx context.Context, object map[string]any) (metav1.Object, field.ErrorList) {
		if errs := defined.Admit(ctx, object, c.version); len(errs) > 0 {
			return nil, errs
		}
		value := c.new()
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, value); err != nil {
			return nil, field.ErrorList{invalid("", err.Error())}
		}
		return value, nil
	}
}

var gatewayGroup = gwv1.GroupVersion

var customKinds = map[runtimeschema.GroupKind]customKind{
	gatewayKind("GatewayClass"):          {gatewayGroup.Version, func() metav1.Object { return new(gwv1.GatewayClass) }},
	gatewayKind("Gateway"):               {gatewayGroup.Version, func() metav1.Object { return new(gwv1.Gateway) }},
	gatewayKind("ListenerSet"):           {gatewayGroup.Version, func() metav1.Object { return new(gwv1.ListenerSet) }},
	gatewayKind("HTTPRoute"):             {gatewayGroup.Version, func() metav1.Object { return new(gwv1.HTTPRoute) }},
	gatewayKind("GRPCRoute"):             {gatewayGroup.Version, func() metav1.Object { return new(gwv1.GRPCRoute) }},
	gatewayKind("TLSRoute"):              {gatewayGroup.Version, func() metav1.Object { return new(gwv1.TLSRoute) }},
	gatewayKind("TCPRoute"):              {gatewayGroup.Version, func() metav1.Object { return new(gwv1.TCPRoute) }},
	gatewayKind("UDPRoute"):              {gatewayGroup.Version, func() metav1.Object { return new(gwv1.UDPRoute) }},
	gatewayKind("ReferenceGrant"):        {gatewayGroup.Version, func() metav1.Object { return new(gwv1.ReferenceGrant) }},
	gatewayKind("BackendTLSPolicy"):      {gatewayGroup.Version, func() metav1.Object { return new(gwv1.BackendTLSPolicy) }},
	kuberaKind("GatewayClassParameters"): {v1alpha1.GroupVersion.Version, func() metav1.Object { return new(v1alpha1.GatewayClassParameters) }},
	kuberaKind("GatewayParameters"):      {v1alpha1.GroupVersion.Version, func() metav1.Object { return new(v1alpha1.GatewayParameters) }},
	kuberaKind("StaticResponseFilter"):   {v1alpha1.GroupVersion.Version, func() metav1.Object { return new(v1alpha1.StaticResponseFilter) }},
	kuberaKind("AccessControlFilter"):    {v1alpha1.GroupVersion.Version, func() metav1.Object { return new(v1alpha1.AccessControlFilter) }},
}

func gatewayKind(kind string) runtimeschema.GroupKind {
	return runtimeschema.GroupKind{Group: gatewayGroup.Group, Kind: kind}
}

func kuberaKind(kind string) runtimeschema.GroupKind {
	return runtimeschema.GroupKind{Group: v1alpha1.GroupVersion.Group, Kind: kind}
}
