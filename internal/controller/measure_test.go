// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/metrics"
)

// saying are conditions, given by type and status.
func saying(pairs ...string) []metav1.Condition {
	var conditions []metav1.Condition
	for i := 0; i < len(pairs); i += 2 {
		conditions = append(conditions, metav1.Condition{Type: pairs[i], Status: metav1.ConditionStatus(pairs[i+1])})
	}
	return conditions
}

func TestMeasuredStatus(t *testing.T) {
	status := gwv1.GatewayStatus{
		Conditions: saying("Accepted", "True", "Programmed", "False"),
		Listeners: []gwv1.ListenerStatus{
			{Conditions: saying("Accepted", "True", "ResolvedRefs", "True", "Programmed", "True", "Conflicted", "False")},
			{Conditions: saying("Programmed", "False", "ResolvedRefs", "False", "Accepted", "False")},
			{Conditions: saying("Programmed", "False", "ResolvedRefs", "False", "Accepted", "True")},
			{Conditions: saying("Programmed", "Unknown", "ResolvedRefs", "True", "Accepted", "True")},
			{},
		},
	}
	want := metrics.Status{Accepted: true, Listeners: map[metrics.State]int{
		metrics.OK: 2, metrics.NotAccepted: 1, metrics.Unresolved: 1, metrics.NotProgrammed: 1,
	}}
	if diff := cmp.Diff(want, measuredStatus(status)); diff != "" {
		t.Error(diff)
	}
}

func TestMeasuredRoutes(t *testing.T) {
	route := func(parents ...[]metav1.Condition) gwv1.RouteStatus {
		var status gwv1.RouteStatus
		for _, conditions := range parents {
			status.Parents = append(status.Parents, gwv1.RouteParentStatus{Conditions: conditions})
		}
		return status
	}
	named := func(statuses ...gwv1.RouteStatus) map[types.NamespacedName]gwv1.RouteStatus {
		m := map[types.NamespacedName]gwv1.RouteStatus{}
		for i, s := range statuses {
			m[types.NamespacedName{Name: string(rune('a' + i))}] = s
		}
		return m
	}
	good, bad := saying("Accepted", "True", "ResolvedRefs", "True"), saying("Accepted", "False", "ResolvedRefs", "True")
	dangling := saying("Accepted", "True", "ResolvedRefs", "False")
	got := measuredRoutes(&gatewayapi.Statuses{
		HTTPRoutes: named(route(good), route(good, dangling), route(dangling, bad), route(good, good)),
		TCPRoutes:  named(route(dangling)),
	})
	want := metrics.Routes{
		"HTTPRoute": {metrics.OK: 2, metrics.Unresolved: 1, metrics.NotAccepted: 1},
		"TCPRoute":  {metrics.Unresolved: 1},
		"GRPCRoute": {}, "TLSRoute": {}, "UDPRoute": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMeasuredProxies(t *testing.T) {
	refusal := &config.Refusal{Message: "no"}
	reports := []fleet.PodReport{
		{Version: "v2"},
		{Version: "v1"},
		{Version: "v2", Pending: true},
		{Version: "v2", Failure: "no route to host", Refusal: refusal},
		{Version: "v1", Refusal: refusal},
		{Version: "v2", Draining: true, Failure: "no route to host"},
	}
	want := map[metrics.ProxyState]int{
		metrics.Current: 1, metrics.Behind: 2, metrics.Unreachable: 1, metrics.Rejecting: 1, metrics.Draining: 1,
	}
	if diff := cmp.Diff(want, measuredProxies("v2", reports)); diff != "" {
		t.Error(diff)
	}
	// Where proxies are to be left alone, whatever they run is right.
	if got := measuredProxies("", reports[:2]); got[metrics.Current] != 2 {
		t.Errorf("got %v", got)
	}
}
