// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// MissingKindsError says which kinds a cluster lacks, without which the operator can't
// begin, and what to run to install them.
type MissingKindsError struct {
	// Kinds that are missing, by group and version, in the order in which they are
	// best installed.
	Kinds []MissingKinds
}

// MissingKinds are kinds of one group and version.
type MissingKinds struct {
	// GroupVersion as in apiVersion.
	GroupVersion string
	// Names of the kinds.
	Names []string
	// Command that installs them.
	Command string
}

func (e *MissingKindsError) Error() string {
	parts := make([]string, 0, len(e.Kinds))
	for _, m := range e.Kinds {
		parts = append(parts, fmt.Sprintf("the cluster has no %s of %s: run %s", strings.Join(m.Names, ", "), m.GroupVersion, m.Command))
	}
	return strings.Join(parts, "; ")
}

// InstallOwnCRDs is the command that installs Kubera's CRDs, from its directory.
const InstallOwnCRDs = "make install"

// CheckKinds finds out whether a cluster has the kinds that the operator needs. It
// says which optional ones are absent. The error is a *MissingKindsError if required
// ones are.
func CheckKinds(client discovery.DiscoveryInterface) (cluster.Absent, error) {
	gateway, err := kindsOf(client, gwv1.GroupVersion.String())
	if err != nil {
		return nil, err
	}
	own, err := kindsOf(client, v1alpha1.GroupVersion.String())
	if err != nil {
		return nil, err
	}
	absent := cluster.Absent{}
	for _, kind := range cluster.OptionalKinds() {
		if !gateway[string(kind)] {
			absent[kind] = true
		}
	}
	missing := &MissingKindsError{}
	for _, required := range []struct {
		MissingKinds
		present map[string]bool
	}{
		{MissingKinds{
			GroupVersion: gwv1.GroupVersion.String(), Command: gatewayapi.InstallCommand(""),
			Names: []string{"GatewayClass", "Gateway", "HTTPRoute"},
		}, gateway},
		{MissingKinds{
			GroupVersion: v1alpha1.GroupVersion.String(), Command: InstallOwnCRDs,
			Names: []string{
				v1alpha1.KindGatewayClassParameters, v1alpha1.KindGatewayParameters,
				v1alpha1.KindStaticResponseFilter, v1alpha1.KindAccessControlFilter,
			},
		}, own},
	} {
		required.Names = slices.DeleteFunc(required.Names, func(kind string) bool { return required.present[kind] })
		if len(required.Names) > 0 {
			missing.Kinds = append(missing.Kinds, required.MissingKinds)
		}
	}
	if len(missing.Kinds) > 0 {
		return absent, missing
	}
	return absent, nil
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
