// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/metrics"
)

// stateOf is what conditions of these types say, in order: the first one that is not
// True. Those of other types, and those that are absent, say nothing.
func stateOf(conditions []metav1.Condition) metrics.State {
	for _, c := range []struct {
		kind  string
		state metrics.State
	}{
		{string(gwv1.RouteConditionAccepted), metrics.NotAccepted},
		{string(gwv1.RouteConditionResolvedRefs), metrics.Unresolved},
		{string(gwv1.ListenerConditionProgrammed), metrics.NotProgrammed},
	} {
		if found := meta.FindStatusCondition(conditions, c.kind); found != nil && found.Status != metav1.ConditionTrue {
			return c.state
		}
	}
	return metrics.OK
}

// measuredStatus is the status of a Gateway as metrics show it.
func measuredStatus(status gwv1.GatewayStatus) metrics.Status {
	listeners := map[metrics.State]int{}
	for i := range status.Listeners {
		listeners[stateOf(status.Listeners[i].Conditions)]++
	}
	return metrics.Status{
		Accepted:   meta.IsStatusConditionTrue(status.Conditions, string(gwv1.GatewayConditionAccepted)),
		Programmed: meta.IsStatusConditionTrue(status.Conditions, string(gwv1.GatewayConditionProgrammed)),
		Listeners:  listeners,
	}
}

// measuredRoutes are the routes of a translation of one Gateway. A route with several
// parents has the worst of their states.
func measuredRoutes(s *gatewayapi.Statuses) metrics.Routes {
	routes := metrics.Routes{}
	for kind, statuses := range map[string]map[types.NamespacedName]gwv1.RouteStatus{
		"HTTPRoute": s.HTTPRoutes, "GRPCRoute": s.GRPCRoutes, "TLSRoute": s.TLSRoutes, "TCPRoute": s.TCPRoutes, "UDPRoute": s.UDPRoutes,
	} {
		counts := map[metrics.State]int{}
		for _, status := range statuses {
			counts[worst(status)]++
		}
		routes[kind] = counts
	}
	return routes
}

func worst(status gwv1.RouteStatus) metrics.State {
	var states []metrics.State
	for i := range status.Parents {
		states = append(states, stateOf(status.Parents[i].Conditions))
	}
	for _, bad := range []metrics.State{metrics.NotAccepted, metrics.Unresolved} {
		if slices.Contains(states, bad) {
			return bad
		}
	}
	return metrics.OK
}

// measuredProxies are the pods of a Gateway by what they run. version is what they
// should run, empty if that is not known.
func measuredProxies(version string, reports []fleet.PodReport) map[metrics.ProxyState]int {
	proxies := map[metrics.ProxyState]int{}
	for i := range reports {
		proxies[proxyState(version, &reports[i])]++
	}
	return proxies
}

func proxyState(version string, report *fleet.PodReport) metrics.ProxyState {
	switch {
	case report.Draining:
		return metrics.Draining
	case report.Failure != "":
		return metrics.Unreachable
	case report.Refusal != nil:
		return metrics.Rejecting
	case report.Pending, version != "" && report.Version != version:
		return metrics.Behind
	}
	return metrics.Current
}
