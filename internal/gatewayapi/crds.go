// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilversion "k8s.io/apimachinery/pkg/util/version"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"
)

// supportedVersions begin the bundle versions of the CRDs that Kubera is built and
// tested with: patches change no fields.
var supportedVersions = consts.BundleVersion[:strings.LastIndexByte(consts.BundleVersion, '.')+1]

// addSupportedVersion says whether the CRDs of the Gateway API are of a version that
// is known. Others are served as well as can be, which the API calls best effort:
// Accepted does not depend on it. Where the CRDs are not known, nothing is said.
func (t *translation) addSupportedVersion(c *conditions) {
	found := map[string][]string{}
	channel := ""
	supported, newer := true, false
	for _, crd := range t.snapshot.CRDs {
		if !IsGatewayAPI(crd.Name) {
			continue
		}
		version := cmp.Or(crd.Annotations[consts.BundleVersionAnnotation], "no version")
		supported = supported && strings.HasPrefix(version, supportedVersions)
		newer = newer || isNewer(version)
		if crd.Annotations[consts.ChannelAnnotation] == experimentalChannel {
			channel = experimentalChannel
		}
		found[version] = append(found[version], crd.Name)
	}
	if len(found) == 0 {
		return
	}
	message := fmt.Sprintf("the CRDs of the Gateway API are of %s; %sx is supported", versions(found), supportedVersions)
	typ := string(gwv1.GatewayClassConditionStatusSupportedVersion)
	switch {
	case supported:
		c.add(typ, metav1.ConditionTrue, string(gwv1.GatewayClassReasonSupportedVersion), message)
		return
	case newer:
		message += ": what is new is not served; use a version of Kubera that supports it"
	default:
		message += ": run " + InstallCommand(channel)
	}
	c.add(typ, metav1.ConditionFalse, string(gwv1.GatewayClassReasonUnsupportedVersion), message)
}

// experimentalChannel is the channel of the Gateway API that has more than the standard one.
const experimentalChannel = "experimental"

// InstallCommand installs the CRDs of the Gateway API that Kubera is built and tested
// with, of a channel, "experimental" or any other for the standard one.
func InstallCommand(channel string) string {
	path := "config/crd"
	if channel == experimentalChannel {
		path += "/experimental"
	}
	return fmt.Sprintf(`kubectl apply --server-side -k "github.com/kubernetes-sigs/gateway-api/%s?ref=%s"`, path, consts.BundleVersion)
}

// isNewer says whether a bundle version is one that comes after those supported.
func isNewer(version string) bool {
	v, err := utilversion.ParseSemantic(version)
	if err != nil {
		return false
	}
	ours := utilversion.MustParseSemantic(consts.BundleVersion)
	return v.Major() > ours.Major() || v.Major() == ours.Major() && v.Minor() > ours.Minor()
}

// standardChannel says whether HTTPRoutes are known to have no fields of the
// experimental channel.
func (t *translation) standardChannel() bool {
	return slices.ContainsFunc(t.snapshot.CRDs, func(crd *metav1.PartialObjectMetadata) bool {
		return crd.Name == "httproutes."+gwv1.GroupName && crd.Annotations[consts.ChannelAnnotation] == "standard"
	})
}

// IsGatewayAPI says whether a CustomResourceDefinition of the name is one of the
// Gateway API.
func IsGatewayAPI(name string) bool { return strings.HasSuffix(name, "."+gwv1.GroupName) }

// versions words the versions found. Of several, it names the CRDs of each.
func versions(found map[string][]string) string {
	var parts []string
	for version, names := range found {
		if len(found) == 1 {
			return version
		}
		slices.Sort(names)
		parts = append(parts, version+" ("+strings.ReplaceAll(strings.Join(names, ", "), "."+gwv1.GroupName, "")+")")
	}
	slices.Sort(parts)
	return strings.Join(parts, " and ")
}
