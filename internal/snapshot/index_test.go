// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func named(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// TestLookups finds each kind by its name and by no other.
func TestLookups(t *testing.T) {
	x := NewIndex(&Snapshot{
		GatewayClasses:         []*gwv1.GatewayClass{{ObjectMeta: meta("", "a")}},
		Gateways:               []*gwv1.Gateway{{ObjectMeta: meta("ns", "a")}},
		ListenerSets:           []*gwv1.ListenerSet{{ObjectMeta: meta("ns", "a")}},
		Namespaces:             []*corev1.Namespace{{ObjectMeta: meta("", "a")}},
		Services:               []*corev1.Service{{ObjectMeta: meta("ns", "a")}},
		Secrets:                []*corev1.Secret{{ObjectMeta: meta("ns", "a")}},
		ConfigMaps:             []*corev1.ConfigMap{{ObjectMeta: meta("ns", "a")}},
		GatewayClassParameters: []*v1alpha1.GatewayClassParameters{{ObjectMeta: meta("", "a")}},
		GatewayParameters:      []*v1alpha1.GatewayParameters{{ObjectMeta: meta("ns", "a")}},
		StaticResponseFilters:  []*v1alpha1.StaticResponseFilter{{ObjectMeta: meta("ns", "a")}},
		AccessControlFilters:   []*v1alpha1.AccessControlFilter{{ObjectMeta: meta("ns", "a")}},
	})
	for kind, found := range map[string]func(namespace, name string) bool{
		"GatewayClass":           func(_, name string) bool { return x.GatewayClass(name) != nil },
		"Gateway":                func(namespace, name string) bool { return x.Gateway(named(namespace, name)) != nil },
		"ListenerSet":            func(namespace, name string) bool { return x.ListenerSet(named(namespace, name)) != nil },
		"Namespace":              func(_, name string) bool { return x.Namespace(name) != nil },
		"Service":                func(namespace, name string) bool { return x.Service(named(namespace, name)) != nil },
		"Secret":                 func(namespace, name string) bool { return x.Secret(named(namespace, name)) != nil },
		"ConfigMap":              func(namespace, name string) bool { return x.ConfigMap(named(namespace, name)) != nil },
		"GatewayClassParameters": func(_, name string) bool { return x.GatewayClassParameters(name) != nil },
		"GatewayParameters":      func(namespace, name string) bool { return x.GatewayParameters(named(namespace, name)) != nil },
		"StaticResponseFilter":   func(namespace, name string) bool { return x.StaticResponseFilter(named(namespace, name)) != nil },
		"AccessControlFilter":    func(namespace, name string) bool { return x.AccessControlFilter(named(namespace, name)) != nil },
	} {
		if !found("ns", "a") || found("ns", "b") {
			t.Errorf("%s: a found: %t, b found: %t", kind, found("ns", "a"), found("ns", "b"))
		}
	}
	if x.Service(named("other", "a")) != nil {
		t.Error("a Service is found in another namespace")
	}
}

func TestGroups(t *testing.T) {
	slice := func(namespace, name, service string) *discoveryv1.EndpointSlice {
		s := &discoveryv1.EndpointSlice{ObjectMeta: meta(namespace, name)}
		if service != "" {
			s.Labels = map[string]string{discoveryv1.LabelServiceName: service}
		}
		return s
	}
	policy := &gwv1.BackendTLSPolicy{ObjectMeta: meta("ns", "p")}
	for _, ref := range []gwv1.LocalPolicyTargetReference{
		{Kind: "Service", Name: "echo"}, {Kind: "Service", Name: "shop"}, {Group: "example.com", Kind: "Service", Name: "other"},
	} {
		policy.Spec.TargetRefs = append(policy.Spec.TargetRefs, gwv1.LocalPolicyTargetReferenceWithSectionName{LocalPolicyTargetReference: ref})
	}
	x := NewIndex(&Snapshot{
		EndpointSlices:     []*discoveryv1.EndpointSlice{slice("ns", "1", "echo"), slice("ns", "2", "echo"), slice("other", "3", "echo"), slice("ns", "4", "")},
		ReferenceGrants:    []*gwv1.ReferenceGrant{{ObjectMeta: meta("ns", "a")}, {ObjectMeta: meta("ns", "b")}, {ObjectMeta: meta("other", "c")}},
		BackendTLSPolicies: []*gwv1.BackendTLSPolicy{policy},
	})
	for what, counts := range map[string][2]int{
		"slices of ns/echo":     {len(x.EndpointSlices(named("ns", "echo"))), 2},
		"slices of other/echo":  {len(x.EndpointSlices(named("other", "echo"))), 1},
		"slices of ns/shop":     {len(x.EndpointSlices(named("ns", "shop"))), 0},
		"grants in ns":          {len(x.ReferenceGrants("ns")), 2},
		"grants in nowhere":     {len(x.ReferenceGrants("nowhere")), 0},
		"policies of ns/echo":   {len(x.BackendTLSPolicies(named("ns", "echo"))), 1},
		"policies of ns/shop":   {len(x.BackendTLSPolicies(named("ns", "shop"))), 1},
		"policies of ns/other":  {len(x.BackendTLSPolicies(named("ns", "other"))), 0},
		"policies of elsewhere": {len(x.BackendTLSPolicies(named("elsewhere", "echo"))), 0},
	} {
		if counts[0] != counts[1] {
			t.Errorf("%s: %d, want %d", what, counts[0], counts[1])
		}
	}
}
