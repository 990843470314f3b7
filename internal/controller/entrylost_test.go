// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/cluster"
)

func TestSpecChangedOrEntryLost(t *testing.T) {
	const ours, theirs = "kubera.dev/gateway-controller", "example.com/other"
	policy := func(generation int64, controllers ...gwv1.GatewayController) client.Object {
		p := &gwv1.BackendTLSPolicy{ObjectMeta: metav1.ObjectMeta{Generation: generation}}
		for _, c := range controllers {
			p.Status.Ancestors = append(p.Status.Ancestors, gwv1.PolicyAncestorStatus{ControllerName: c})
		}
		return p
	}
	for name, tc := range map[string]struct {
		old, now client.Object
		want     bool
	}{
		"ours is new":            {policy(1), policy(1, ours), false},
		"ours is there":          {policy(1, ours), policy(1, ours), false},
		"ours is lost":           {policy(1, ours), policy(1, theirs), true},
		"one of ours is lost":    {policy(1, ours, ours), policy(1, ours), true},
		"theirs is lost":         {policy(1, ours, theirs), policy(1, ours), false},
		"there is something new": {policy(1, theirs), policy(2, theirs), true},
	} {
		if got := specChangedOrEntryLost(ours).Update(event.UpdateEvent{ObjectOld: tc.old, ObjectNew: tc.now}); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// Every kind of route has its entries looked at.
func TestEntriesOf(t *testing.T) {
	const ours = "kubera.dev/gateway-controller"
	status := gwv1.RouteStatus{Parents: []gwv1.RouteParentStatus{{ControllerName: ours}, {ControllerName: "example.com/other"}}}
	for _, child := range (cluster.Absent{}).Children() {
		want := 1
		switch o := child.(type) {
		case *gwv1.HTTPRoute:
			o.Status.RouteStatus = status
		case *gwv1.GRPCRoute:
			o.Status.RouteStatus = status
		case *gwv1.TLSRoute:
			o.Status.RouteStatus = status
		case *gwv1.TCPRoute:
			o.Status.RouteStatus = status
		case *gwv1.UDPRoute:
			o.Status.RouteStatus = status
		case *gwv1.ListenerSet:
			want = 0 // its status is that of one controller
		default:
			t.Errorf("a status of %T is not tested", child)
		}
		if got := entriesOf(child, ours); got != want {
			t.Errorf("%T: %d, want %d", child, got, want)
		}
	}
}
