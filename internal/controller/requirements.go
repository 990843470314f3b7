// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/cluster"
)

// CheckKinds finds out whether a cluster has the kinds that the operator needs. It
// says which optional ones are absent; the error says what to install.
func CheckKinds(client discovery.DiscoveryInterface) (cluster.Absent, error) {
	gateway, err := kindsOf(client, gwv1.GroupVersion.String())
	if err != nil {
		return nil, err
	}
	own, err := kindsOf(client, v1alpha1.GroupVersion.String())
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, kind := range []string{"GatewayClass", "Gateway", "HTTPRoute"} {
		if !gateway[kind] {
			errs = append(errs, fmt.Errorf("the cluster has no %s of %s: install the CRDs of the Gateway API, v1.6 or later", kind, gwv1.GroupVersion))
		}
	}
	for _, kind := range []string{
		v1alpha1.KindGatewayClassParameters, v1alpha1.KindGatewayParameters,
		v1alpha1.KindStaticResponseFilter, v1alpha1.KindAccessControlFilter,
	} {
		if !own[kind] {
			errs = append(errs, fmt.Errorf("the cluster has no %s of %s: install Kubera's CRDs (make install)", kind, v1alpha1.GroupVersion))
		}
	}
	absent := cluster.Absent{}
	for _, kind := range cluster.OptionalKinds() {
		if !gateway[string(kind)] {
			absent[kind] = true
		}
	}
	return absent, errors.Join(errs...)
}

func kindsOf(client discovery.DiscoveryInterface, groupVersion string) (map[string]bool, error) {
	list, err := client.ServerResourcesForGroupVersion(groupVersion)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask the API server for the kinds of %s: %w", groupVersion, err)
	}
	kinds := map[string]bool{}
	for _, r := range list.APIResources {
		kinds[r.Kind] = true
	}
	return kinds, nil
}
