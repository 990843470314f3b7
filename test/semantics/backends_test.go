// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package semantics

import (
	"maps"
	"testing"

	"github.com/coder/websocket"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

// backendCases are about how backends are reached.
var backendCases = []testCase{
	{
		name: "HTTPRouteBackendProtocolH2C",
		exchanges: []exchange{
			{h2: true, url: "example.com/", want: "v1", seen: []string{":proto: HTTP/2.0"}},
			{url: "example.com/", want: "v1", seen: []string{":proto: HTTP/2.0"}},
		},
	},
	{
		name: "HTTPRouteTimeoutRequest",
		exchanges: []exchange{
			{url: "example.com/quick", want: "v1"},
			{url: "example.com/timeout", header: []string{delayHeader + ": 20s"}, want: "504"},
			{url: "example.com/disabled", header: []string{delayHeader + ": 300ms"}, want: "v1"},
		},
	},
	{
		name: "HTTPRouteTimeoutBackendRequest",
		exchanges: []exchange{
			{url: "example.com/quick", want: "v1"},
			{url: "example.com/timeout", header: []string{delayHeader + ": 20s"}, want: "504"},
			{url: "example.com/disabled", header: []string{delayHeader + ": 300ms"}, want: "v1"},
		},
	},
	{
		name: "HTTPRouteServiceTypes",
		exchanges: []exchange{
			{url: "example.com/headless", want: "v1"},
			{url: "example.com/manual", want: "503"},
			{url: "example.com/headless-manual", want: "503"},
		},
		then: []step{{
			what: "endpoints", change: addEndpoints,
			exchanges: []exchange{
				{url: "example.com/headless", want: "v1"},
				{url: "example.com/manual", want: "v1"},
				{url: "example.com/headless-manual", want: "v1"},
			},
		}},
	},
}

// addEndpoints adds an endpoint to each EndpointSlice for IPv4 that has none.
func addEndpoints(s *snapshot.Snapshot) {
	yes := true
	for _, slice := range s.EndpointSlices {
		if slice.AddressType == discoveryv1.AddressTypeIPv4 && len(slice.Endpoints) == 0 {
			slice.Endpoints = []discoveryv1.Endpoint{{
				Addresses:  []string{"127.0.0.1"},
				Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes, Terminating: new(bool)},
			}}
		}
	}
}

// TestHTTPRouteBackendProtocolWebSocket sends text and binary messages.
func TestHTTPRouteBackendProtocolWebSocket(t *testing.T) {
	s := newSite(t)
	plane := newDataPlane(t)
	plane.serve(t, s.read(t, "HTTPRouteBackendProtocolWebSocket").Snapshot)
	conn, _, err := websocket.Dial(t.Context(), "ws://"+plane.addresses["infra/same-namespace:80"]+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	for typ, message := range map[websocket.MessageType]string{websocket.MessageText: "text", websocket.MessageBinary: "\x00\xff"} {
		if err := conn.Write(t.Context(), typ, []byte(message)); err != nil {
			t.Fatal(err)
		}
		gotType, got, err := conn.Read(t.Context())
		if err != nil || gotType != typ || string(got) != message {
			t.Errorf("%v %q, %v: want %v %q", gotType, got, err, typ, message)
		}
	}
}

// TestHTTPRouteWeight counts the answers of each backend.
func TestHTTPRouteWeight(t *testing.T) {
	s := newSite(t)
	for name, want := range map[string]map[string]int{
		"HTTPRouteWeight": {"v1": 350, "v2": 150},
		// The filters of a backendRef are those of the backend that was chosen.
		"HTTPRouteBackendRequestHeaderModifierWithWeights": {"v1": 250, "v2": 250},
	} {
		plane := newDataPlane(t)
		objects := s.read(t, name).Snapshot
		factsOf(t, objects, plane.serve(t, objects)).check(t, nil)
		got := map[string]int{}
		for range 500 {
			received := plane.ask(t, exchange{url: "example.com/"})
			got[received.Backend]++
			if field := received.Header.Get("Backend"); name != "HTTPRouteWeight" && field != received.Backend {
				t.Errorf("%s: backend %s received the header of %q", name, received.Backend, field)
			}
		}
		if !maps.EqualFunc(got, want, func(a, b int) bool { return a-b <= 25 && b-a <= 25 }) {
			t.Errorf("%s: %v, want about %v", name, got, want)
		}
	}
}
