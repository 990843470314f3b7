// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

func TestProgrammed(t *testing.T) {
	ip, hostname := gwv1.IPAddressType, gwv1.HostnameAddressType
	addresses := []gwv1.GatewayStatusAddress{{Type: &ip, Value: "192.0.2.1"}}
	for _, tc := range []struct {
		name     string
		state    gatewayapi.PushState
		wanted   []gwv1.GatewaySpecAddress
		gateway  string
		listener string
	}{
		{"all run it", gatewayapi.PushState{Proxies: 2, Applied: 2, Addresses: addresses}, nil, "True/Programmed", "True/Programmed"},
		{"some run it", gatewayapi.PushState{Proxies: 2, Applied: 1, Addresses: addresses}, nil, "False/Pending", "False/Pending"},
		{"no proxy", gatewayapi.PushState{Addresses: addresses}, nil, "False/Pending", "False/Pending"},
		{
			"refused", gatewayapi.PushState{Proxies: 2, Applied: 1, Refusal: "route x", Addresses: addresses}, nil,
			"False/Invalid", "False/Invalid",
		},
		{"served but for what one is too old for", gatewayapi.PushState{Proxies: 2, Applied: 2, Outdated: "proxy x", Addresses: addresses}, nil, "False/Pending", "False/Pending"},
		{"no proxy can be made", gatewayapi.PushState{Fault: "Deployment x"}, nil, "False/Invalid", "False/Pending"},
		{
			"served, but not as the parameters say", gatewayapi.PushState{Proxies: 1, Applied: 1, Fault: "Service x", Addresses: addresses}, nil,
			"False/Invalid", "True/Programmed",
		},
		{"no address", gatewayapi.PushState{Proxies: 1, Applied: 1}, nil, "False/AddressNotAssigned", "True/Programmed"},
		{"an address that leads nowhere", gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: addresses, Unreached: "Service x"}, nil, "False/Pending", "True/Programmed"},
		{"neither address nor way", gatewayapi.PushState{Proxies: 1, Applied: 1, Unreached: "Service x"}, nil, "False/AddressNotAssigned", "True/Programmed"},
		{
			"an address of the type that is asked for", gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: addresses},
			[]gwv1.GatewaySpecAddress{{}}, "True/Programmed", "True/Programmed",
		},
		{
			"the address that is asked for", gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: addresses},
			[]gwv1.GatewaySpecAddress{{Value: "192.0.2.1"}}, "True/Programmed", "True/Programmed",
		},
		{
			"the address that is asked for, written otherwise",
			gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: []gwv1.GatewayStatusAddress{{Type: &ip, Value: "2001:db8::1"}}},
			[]gwv1.GatewaySpecAddress{{Value: "2001:DB8:0:0::1"}}, "True/Programmed", "True/Programmed",
		},
		{
			"another address than is asked for", gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: addresses},
			[]gwv1.GatewaySpecAddress{{Value: "192.0.2.1"}, {Type: &ip, Value: "192.0.2.2"}}, "False/AddressNotUsable", "True/Programmed",
		},
		{
			"no address where one is asked for", gatewayapi.PushState{Proxies: 1, Applied: 1},
			[]gwv1.GatewaySpecAddress{{Value: "192.0.2.1"}}, "False/AddressNotUsable", "True/Programmed",
		},
		{
			"a hostname that is asked for", gatewayapi.PushState{
				Proxies: 1, Applied: 1, Addresses: []gwv1.GatewayStatusAddress{{Type: &hostname, Value: "lb.example.com"}},
			},
			[]gwv1.GatewaySpecAddress{{Type: &hostname, Value: "LB.example.com"}}, "True/Programmed", "True/Programmed",
		},
		{
			"no address of the type that is asked for", gatewayapi.PushState{Proxies: 1, Applied: 1, Addresses: addresses},
			[]gwv1.GatewaySpecAddress{{Type: &hostname}}, "False/AddressNotAssigned", "True/Programmed",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status := gwv1.GatewayStatus{
				Conditions: []metav1.Condition{unknown("Programmed"), unknown("Accepted")},
				Listeners: []gwv1.ListenerStatus{
					{Name: "http", Conditions: []metav1.Condition{unknown("Programmed")}},
					{Name: "broken", Conditions: []metav1.Condition{{Type: "Programmed", Status: "False", Reason: "Invalid"}}},
				},
			}
			before := status.DeepCopy()
			got := gatewayapi.Programmed(status, gwv1.GatewaySpec{Addresses: tc.wanted}, tc.state)
			if c := short(got.Conditions[0]); c != tc.gateway {
				t.Errorf("Gateway is %s, want %s", c, tc.gateway)
			}
			if c := short(got.Conditions[1]); c != "Unknown/Pending" {
				t.Errorf("Accepted became %s", c)
			}
			if c := short(got.Listeners[0].Conditions[0]); c != tc.listener {
				t.Errorf("listener is %s, want %s", c, tc.listener)
			}
			if c := short(got.Listeners[1].Conditions[0]); c != "False/Invalid" {
				t.Errorf("a listener that is broken became %s", c)
			}
			if diff := cmp.Diff(tc.state.Addresses, got.Addresses); diff != "" {
				t.Errorf("addresses differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(*before, status); diff != "" {
				t.Errorf("Programmed() modified its argument:\n%s", diff)
			}
		})
	}
}

// TestProgrammedListenerSet: a set is programmed when its Gateway is.
func TestProgrammedListenerSet(t *testing.T) {
	addresses := []gwv1.GatewayStatusAddress{{Value: "192.0.2.1"}}
	for _, tc := range []struct {
		name          string
		state         gatewayapi.PushState
		set, listener string
	}{
		{"all run it", gatewayapi.PushState{Proxies: 2, Applied: 2, Addresses: addresses}, "True/Programmed", "True/Programmed"},
		{"some run it", gatewayapi.PushState{Proxies: 2, Applied: 1, Addresses: addresses}, "False/ParentNotProgrammed", "False/Pending"},
		{"no address", gatewayapi.PushState{Proxies: 1, Applied: 1}, "False/ParentNotProgrammed", "True/Programmed"},
		{
			"refused", gatewayapi.PushState{Proxies: 1, Refusal: "ListenerSet/a/b/c: no", Addresses: addresses},
			"False/ParentNotProgrammed", "False/Invalid",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status := gwv1.ListenerSetStatus{
				Conditions: []metav1.Condition{unknown("Programmed"), unknown("Accepted")},
				Listeners: []gwv1.ListenerEntryStatus{
					{Name: "http", Conditions: []metav1.Condition{unknown("Programmed")}},
					{Name: "broken", Conditions: []metav1.Condition{{Type: "Programmed", Status: "False", Reason: "Invalid"}}},
				},
			}
			before := status.DeepCopy()
			gateway := gatewayapi.Programmed(gwv1.GatewayStatus{Conditions: []metav1.Condition{unknown("Programmed")}}, gwv1.GatewaySpec{}, tc.state)
			got := gatewayapi.ProgrammedListenerSet(status, gateway, tc.state)
			for i, want := range []string{tc.set, "Unknown/Pending"} {
				if c := short(got.Conditions[i]); c != want {
					t.Errorf("%s is %s, want %s", got.Conditions[i].Type, c, want)
				}
			}
			for i, want := range []string{tc.listener, "False/Invalid"} {
				if c := short(got.Listeners[i].Conditions[0]); c != want {
					t.Errorf("listener %s is %s, want %s", got.Listeners[i].Name, c, want)
				}
			}
			if diff := cmp.Diff(*before, status); diff != "" {
				t.Errorf("ProgrammedListenerSet() modified its argument:\n%s", diff)
			}
		})
	}
}

func TestOrphaned(t *testing.T) {
	set := &gwv1.ListenerSet{}
	set.Generation, set.Spec.ParentRef.Name = 3, "web"
	got := gatewayapi.Orphaned(set)
	if len(got.Listeners) != 0 || len(got.Conditions) != 2 {
		t.Fatalf("%+v", got)
	}
	for _, c := range got.Conditions {
		if short(c) != "Unknown/Pending" || c.ObservedGeneration != 3 || !strings.Contains(c.Message, "web") {
			t.Errorf("%+v", c)
		}
	}
}

// TestProgrammedSaysWhatTheProxySaid, within the bounds of a message.
func TestProgrammedSaysWhatTheProxySaid(t *testing.T) {
	status := gwv1.GatewayStatus{Conditions: []metav1.Condition{unknown("Programmed")}}
	got := gatewayapi.Programmed(status, gwv1.GatewaySpec{}, gatewayapi.PushState{Proxies: 1, Refusal: "HTTPRoute/a/b: bad" + strings.Repeat("é", 40000)})
	message := got.Conditions[0].Message
	if !strings.Contains(message, "HTTPRoute/a/b: bad") || len(message) > 32768 || strings.ToValidUTF8(message, "") != message {
		t.Errorf("message of %d bytes: %.80s", len(message), message)
	}
}

// TestProgrammedSaysWhatIsInTheWay, not only that no proxy is ready.
func TestProgrammedSaysWhatIsInTheWay(t *testing.T) {
	status := gwv1.GatewayStatus{Conditions: []metav1.Condition{unknown("Programmed")}}
	got := gatewayapi.Programmed(status, gwv1.GatewaySpec{}, gatewayapi.PushState{Fault: "Service a/b is not ours: delete it"})
	if message := got.Conditions[0].Message; message != "Service a/b is not ours: delete it" {
		t.Errorf("message %q", message)
	}
}

func unknown(typ string) metav1.Condition {
	return metav1.Condition{Type: typ, Status: metav1.ConditionUnknown, Reason: "Pending"}
}

func short(c metav1.Condition) string { return string(c.Status) + "/" + c.Reason }
