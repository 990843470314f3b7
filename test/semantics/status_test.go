// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/manifest"
	"github.com/kubera-dev/kubera/internal/snapshot"
)

// facts are what statuses say, such as
//
//	Gateway infra/web Accepted: True/Accepted
//	Gateway infra/web http attached: 1
//	HTTPRoute infra/r same-namespace Accepted: True/Accepted
type facts map[string]string

// factsOf collects what the statuses say once one proxy serves every Gateway.
func factsOf(t *testing.T, s *snapshot.Snapshot, result *gatewayapi.Result) facts {
	t.Helper()
	f := facts{}
	address := gwv1.IPAddressType
	state := gatewayapi.PushState{
		Proxies: 1, Applied: 1, Addresses: []gwv1.GatewayStatusAddress{{Type: &address, Value: "127.0.0.1"}},
	}
	gateways := map[types.NamespacedName]gwv1.GatewayStatus{}
	for _, g := range s.Gateways {
		id := g.Namespace + "/" + g.Name
		status := gatewayapi.Programmed(result.Statuses.Gateways[snapshot.NameOf(g)], g.Spec, state)
		gateways[snapshot.NameOf(g)] = status
		f["Gateway "+id+" sets"] = fmt.Sprint(*status.AttachedListenerSets)
		f.conditions(t, "Gateway "+id, g, status.Conditions)
		if len(status.Listeners) != len(g.Spec.Listeners) {
			t.Errorf("Gateway %s: %d listeners have a status, want %d", id, len(status.Listeners), len(g.Spec.Listeners))
		}
		for _, l := range status.Listeners {
			who := "Gateway " + id + " " + string(l.Name)
			f.conditions(t, who, g, l.Conditions)
			f[who+" attached"] = fmt.Sprint(l.AttachedRoutes)
			f[who+" kinds"] = kinds(t, who, l.SupportedKinds)
		}
	}
	for _, set := range s.ListenerSets {
		gateway, _ := snapshot.GatewayOfSet(set)
		status := gatewayapi.ProgrammedListenerSet(result.Statuses.ListenerSets[snapshot.NameOf(set)], gateways[gateway], state)
		who := "ListenerSet " + set.Namespace + "/" + set.Name
		f.conditions(t, who, set, status.Conditions)
		for _, l := range status.Listeners {
			f.conditions(t, who+" "+string(l.Name), set, l.Conditions)
			f[who+" "+string(l.Name)+" attached"] = fmt.Sprint(l.AttachedRoutes)
			f[who+" "+string(l.Name)+" kinds"] = kinds(t, who, l.SupportedKinds)
		}
	}
	for _, r := range s.HTTPRoutes {
		f.route(t, "HTTPRoute", r, result.Statuses.HTTPRoutes[snapshot.NameOf(r)].Parents)
	}
	for _, r := range s.GRPCRoutes {
		f.route(t, "GRPCRoute", r, result.Statuses.GRPCRoutes[snapshot.NameOf(r)].Parents)
	}
	for _, r := range s.TLSRoutes {
		f.route(t, "TLSRoute", r, result.Statuses.TLSRoutes[snapshot.NameOf(r)].Parents)
	}
	for _, r := range s.TCPRoutes {
		f.route(t, "TCPRoute", r, result.Statuses.TCPRoutes[snapshot.NameOf(r)].Parents)
	}
	for _, r := range s.UDPRoutes {
		f.route(t, "UDPRoute", r, result.Statuses.UDPRoutes[snapshot.NameOf(r)].Parents)
	}
	return f
}

func (f facts) route(t *testing.T, kind string, r metav1.Object, parents []gwv1.RouteParentStatus) {
	t.Helper()
	who := kind + " " + r.GetNamespace() + "/" + r.GetName()
	f[who+" parents"] = fmt.Sprint(len(parents))
	for _, p := range parents {
		if p.ControllerName != manifest.ControllerName {
			t.Errorf("%s: controllerName is %s", who, p.ControllerName)
		}
		parent := who + " " + string(p.ParentRef.Name)
		if p.ParentRef.SectionName != nil {
			parent += "/" + string(*p.ParentRef.SectionName)
		}
		f.conditions(t, parent, r, p.Conditions)
	}
}

// conditions records conditions, each of which must be of the object's generation
// and have what the API server asks for.
func (f facts) conditions(t *testing.T, who string, object metav1.Object, conditions []metav1.Condition) {
	t.Helper()
	for _, c := range conditions {
		fact := who + " " + c.Type
		if f[fact] != "" {
			t.Errorf("%s is there twice", fact)
		}
		if c.ObservedGeneration != object.GetGeneration() {
			t.Errorf("%s: observedGeneration is %d, want %d", fact, c.ObservedGeneration, object.GetGeneration())
		}
		if c.Reason == "" || c.Message == "" {
			t.Errorf("%s: reason and message must be set: %+v", fact, c)
		}
		f[fact] = string(c.Status) + "/" + c.Reason
	}
}

func kinds(t *testing.T, who string, list []gwv1.RouteGroupKind) string {
	t.Helper()
	if list == nil {
		t.Errorf("%s: supportedKinds must be a list, if an empty one", who)
	}
	var names []string
	for _, k := range list {
		if k.Group == nil || *k.Group != gwv1.GroupName {
			t.Errorf("%s: supportedKinds: the group of %s is not set", who, k.Kind)
		}
		names = append(names, string(k.Kind))
	}
	return strings.Join(names, ",")
}

// healthy is what every condition says unless a case wants something else.
var healthy = map[string]string{
	"Accepted": "True/Accepted", "Programmed": "True/Programmed", "ResolvedRefs": "True/ResolvedRefs",
	"Conflicted": "False/NoConflicts", "kinds": "HTTPRoute,GRPCRoute",
}

// check compares the facts with what a case wants; what it does not name is healthy.
func (f facts) check(t *testing.T, want map[string]string) {
	t.Helper()
	for _, fact := range slices.Sorted(maps.Keys(f)) {
		expected, named := want[fact]
		if !named {
			expected = healthy[fact[strings.LastIndex(fact, " ")+1:]]
		}
		if expected != "" && f[fact] != expected {
			t.Errorf("%s: %s, want %s", fact, f[fact], expected)
		}
		if named && expected == "" && f[fact] != "" {
			t.Errorf("%s: %s, want none", fact, f[fact])
		}
	}
	for _, fact := range slices.Sorted(maps.Keys(want)) {
		if _, ok := f[fact]; !ok {
			t.Errorf("%s: missing, want %s", fact, want[fact])
		}
	}
}
