// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
)

// slice of a Service, with one port and its ready addresses.
func slice(service, portName string, port int32, addresses ...string) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
	}
	for _, a := range addresses {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{a}})
	}
	return s
}

func backendOf(service, portName string, slices ...*discoveryv1.EndpointSlice) *gatewayapi.Backend {
	return &gatewayapi.Backend{
		Service: types.NamespacedName{Namespace: "default", Name: service},
		Port:    80, PortName: portName, Protocol: config.BackendHTTP, Slices: slices,
	}
}

// TestEndpoints gives new endpoints to some backends, as an endpoint push does.
func TestEndpoints(t *testing.T) {
	external := backendOf("external", "")
	external.ExternalName = "backend.example.com"
	backends := []*gatewayapi.Backend{
		backendOf("shop", "", slice("shop", "", 80, "10.0.0.1")), external, backendOf("echo", "http"), backendOf("gone", "", slice("gone", "", 80, "10.0.0.1")),
	}
	got := Endpoints(backends, []*discoveryv1.EndpointSlice{
		slice("echo", "http", 3000, "10.0.0.3", "10.0.0.2"), slice("echo", "grpc", 3001, "10.0.0.9"),
		slice("shop", "", 80, "10.0.0.2"), slice("stranger", "http", 80, "10.0.0.8"),
	})
	want := []config.BackendEndpoints{
		{ID: "Service/default/echo/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:3000"}, {Address: "10.0.0.3:3000"}}},
		{ID: "Service/default/gone/80"},
		{ID: "Service/default/shop/80", Endpoints: []config.Endpoint{{Address: "10.0.0.2:80"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Endpoints() differs (-want +got):\n%s", diff)
	}
}

// TestEndpointsAreThoseOfConfig compares the two ways of endpoints to a proxy.
func TestEndpointsAreThoseOfConfig(t *testing.T) {
	list := []*discoveryv1.EndpointSlice{slice("echo", "http", 3000, "10.0.0.3", "10.0.0.2"), slice("echo", "http", 3001, "10.0.0.2")}
	g := model("web", 80)
	g.Backends = []*gatewayapi.Backend{backendOf("echo", "http", list...)}
	full := Config([]*gatewayapi.Gateway{g}, Options{}).Backends[0]
	pushed := Endpoints(g.Backends, list)[0]
	if diff := cmp.Diff(full.Endpoints, pushed.Endpoints); diff != "" || full.ID != pushed.ID {
		t.Errorf("the endpoints of %s differ (-config +push):\n%s", full.ID, diff)
	}
}

// TestUnusableEndpoints leaves out what a proxy could not dial.
func TestUnusableEndpoints(t *testing.T) {
	udp, none, large := corev1.ProtocolUDP, int32(0), int32(70000)
	fqdn := slice("echo", "http", 80, "10.0.0.1")
	fqdn.AddressType = discoveryv1.AddressTypeFQDN
	ofUDP := slice("echo", "http", 80, "10.0.0.1")
	ofUDP.Ports[0].Protocol = &udp
	allPorts := slice("echo", "http", 80, "10.0.0.1")
	allPorts.Ports[0].Port = nil
	zero := slice("echo", "http", none, "10.0.0.1")
	tooLarge := slice("echo", "http", large, "10.0.0.1")
	noAddress := slice("echo", "http", 80)
	noAddress.Endpoints = []discoveryv1.Endpoint{{}}
	for name, s := range map[string]*discoveryv1.EndpointSlice{
		"FQDN": fqdn, "UDP": ofUDP, "all ports": allPorts, "port 0": zero, "port 70000": tooLarge,
		"no address": noAddress, "not an address": slice("echo", "http", 80, "example.com"), "another port": slice("echo", "grpc", 80, "10.0.0.1"),
	} {
		if got := endpoints(backendOf("echo", "http"), []*discoveryv1.EndpointSlice{s}); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestExternalName(t *testing.T) {
	b := backendOf("external", "")
	for name, want := range map[string]string{"backend.example.com": "backend.example.com:80", "::1": "[::1]:80"} {
		b.ExternalName = name
		if diff := cmp.Diff([]config.Endpoint{{Address: want}}, endpoints(b, nil)); diff != "" {
			t.Errorf("endpoints of %s differ (-want +got):\n%s", name, diff)
		}
	}
}

func TestStateOf(t *testing.T) {
	yes, no := true, false
	for _, tc := range []struct {
		name string
		c    discoveryv1.EndpointConditions
		want state
	}{
		{"unknown", discoveryv1.EndpointConditions{}, ready},
		{"ready", discoveryv1.EndpointConditions{Ready: &yes}, ready},
		{"ending", discoveryv1.EndpointConditions{Ready: &no, Serving: &yes, Terminating: &yes}, ending},
		{"ended", discoveryv1.EndpointConditions{Ready: &no, Serving: &no, Terminating: &yes}, gone},
		{"not ready", discoveryv1.EndpointConditions{Ready: &no, Serving: &yes, Terminating: &no}, gone},
		{"not ready, nothing else known", discoveryv1.EndpointConditions{Ready: &no}, gone},
	} {
		if got := stateOf(tc.c); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
