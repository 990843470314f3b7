// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/render"
)

// describe gives a result in the form of the golden files: the configuration of
// each Gateway as it is, without the content of certificates, and the statuses in short
// form.
func describe(t testing.TB, r *gatewayapi.Result, c *goldenCase) string {
	t.Helper()
	statuses := r.Statuses
	statuses.GatewayClasses = maps.Clone(statuses.GatewayClasses)
	maps.DeleteFunc(statuses.GatewayClasses, func(name types.NamespacedName, _ gwv1.GatewayClassStatus) bool {
		return !c.classes[name.Name]
	})
	output := map[string]any{"statuses": describeStatuses(statuses)}
	if len(r.Gateways) == 1 || c.options.SharedAddresses {
		output["config"] = redact(render.Config(r.Gateways, render.Options{}))
	} else {
		// Each has proxies of its own.
		for _, g := range r.Gateways {
			output["config "+g.ID()] = redact(render.Config([]*gatewayapi.Gateway{g}, render.Options{}))
		}
	}
	data, err := yaml.Marshal(output)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// redact gives a copy without keys and chains.
func redact(c *config.Config) *config.Config {
	redacted := *c
	redacted.Version = ""
	redacted.CABundles = nil
	for _, bundle := range c.CABundles {
		redacted.CABundles = append(redacted.CABundles, config.CABundle{ID: bundle.ID, Certificates: "(redacted)"})
	}
	redacted.Certificates = nil
	for _, certificate := range c.Certificates {
		redacted.Certificates = append(redacted.Certificates, config.Certificate{
			ID: certificate.ID, Chain: "(redacted)", Key: "(redacted)",
		})
	}
	return &redacted
}

type description map[string]any

func describeStatuses(s gatewayapi.Statuses) description {
	all := description{}
	describeEach(all, "GatewayClass", s.GatewayClasses, describeClass)
	describeEach(all, "Gateway", s.Gateways, describeGateway)
	describeEach(all, "ListenerSet", s.ListenerSets, describeListenerSet)
	for kind, statuses := range routeStatuses(s) {
		describeEach(all, kind, statuses, describeRoute)
	}
	describeEach(all, "BackendTLSPolicy", s.BackendTLSPolicies, describePolicy)
	describeEach(all, "StaticResponseFilter", s.StaticResponseFilters, describeFilter)
	describeEach(all, "AccessControlFilter", s.AccessControlFilters, describeFilter)
	return all
}

func routeStatuses(s gatewayapi.Statuses) map[string]map[types.NamespacedName]gwv1.RouteStatus {
	return map[string]map[types.NamespacedName]gwv1.RouteStatus{
		"HTTPRoute": s.HTTPRoutes, "GRPCRoute": s.GRPCRoutes, "TLSRoute": s.TLSRoutes,
		"TCPRoute": s.TCPRoutes, "UDPRoute": s.UDPRoutes,
	}
}

func describeEach[T any](all description, kind string, statuses map[types.NamespacedName]T, describe func(T) any) {
	for name, status := range statuses {
		all[strings.TrimSuffix(kind+" "+strings.TrimPrefix(name.String(), "/"), " ")] = describe(status)
	}
}

// describeConditions gives "Type=Status/Reason@generation: message" for each.
func describeConditions(list []metav1.Condition) []string {
	lines := make([]string, 0, len(list))
	for _, c := range list {
		lines = append(lines, fmt.Sprintf("%s=%s/%s@%d: %s", c.Type, c.Status, c.Reason, c.ObservedGeneration, c.Message))
	}
	return lines
}

func describeClass(s gwv1.GatewayClassStatus) any {
	d := description{"conditions": describeConditions(s.Conditions)}
	features := make([]string, 0, len(s.SupportedFeatures))
	for _, f := range s.SupportedFeatures {
		features = append(features, string(f.Name))
	}
	d["supportedFeatures"] = strings.Join(features, " ")
	return d
}

func describeGateway(s gwv1.GatewayStatus) any {
	d := description{"conditions": describeConditions(s.Conditions)}
	if s.AttachedListenerSets != nil && *s.AttachedListenerSets != 0 {
		d["attachedListenerSets"] = *s.AttachedListenerSets
	}
	for _, l := range s.Listeners {
		describeListener(d, gwv1.ListenerEntryStatus(l))
	}
	return d
}

func describeListenerSet(s gwv1.ListenerSetStatus) any {
	d := description{"conditions": describeConditions(s.Conditions)}
	for _, l := range s.Listeners {
		describeListener(d, l)
	}
	return d
}

func describeListener(d description, l gwv1.ListenerEntryStatus) {
	kinds := make([]string, 0, len(l.SupportedKinds))
	for _, k := range l.SupportedKinds {
		kinds = append(kinds, string(k.Kind))
	}
	d["listener "+string(l.Name)] = description{
		"attachedRoutes": l.AttachedRoutes,
		"supportedKinds": strings.Join(kinds, " "),
		"conditions":     describeConditions(l.Conditions),
	}
}

func describeRoute(s gwv1.RouteStatus) any {
	list := make([]any, 0, len(s.Parents))
	for _, p := range s.Parents {
		list = append(list, description{"parent": describeParent(p.ParentRef), "conditions": describeConditions(p.Conditions)})
	}
	return list
}

func describeParent(ref gwv1.ParentReference) string {
	var parts []string
	if ref.Kind != nil {
		parts = append(parts, string(*ref.Kind))
	}
	if ref.Namespace != nil {
		parts = append(parts, "in "+string(*ref.Namespace))
	}
	parts = append(parts, string(ref.Name))
	if ref.SectionName != nil {
		parts = append(parts, "section "+string(*ref.SectionName))
	}
	if ref.Port != nil {
		parts = append(parts, fmt.Sprintf("port %d", *ref.Port))
	}
	return strings.Join(parts, " ")
}

func describePolicy(s gwv1.PolicyStatus) any {
	ancestors := slices.Clone(s.Ancestors)
	slices.SortFunc(ancestors, func(a, b gwv1.PolicyAncestorStatus) int {
		return cmp.Compare(describeParent(a.AncestorRef), describeParent(b.AncestorRef))
	})
	list := make([]any, 0, len(ancestors))
	for _, a := range ancestors {
		list = append(list, description{"ancestor": describeParent(a.AncestorRef), "conditions": describeConditions(a.Conditions)})
	}
	return list
}

func describeFilter(s v1alpha1.FilterStatus) any { return describeConditions(s.Conditions) }
