// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/internal/snapshot"
)

func TestPermitted(t *testing.T) {
	echo, empty := gwv1.ObjectName("echo"), gwv1.ObjectName("")
	fromRoute := gwv1.ReferenceGrantFrom{Group: gwv1.GroupName, Kind: "HTTPRoute", Namespace: "web"}
	from := referrer{group: gwv1.GroupName, kind: "HTTPRoute", namespace: "web"}
	to := referent{kind: "Service", name: types.NamespacedName{Namespace: "shop", Name: "echo"}}
	for _, tc := range []struct {
		name string
		from gwv1.ReferenceGrantFrom
		to   gwv1.ReferenceGrantTo
		want bool
	}{
		{"the Service by name", fromRoute, gwv1.ReferenceGrantTo{Kind: "Service", Name: &echo}, true},
		{"all Services", fromRoute, gwv1.ReferenceGrantTo{Kind: "Service"}, true},
		{"all Services, the name being empty", fromRoute, gwv1.ReferenceGrantTo{Kind: "Service", Name: &empty}, true},
		{"another kind", fromRoute, gwv1.ReferenceGrantTo{Kind: "Secret"}, false},
		{"another group", fromRoute, gwv1.ReferenceGrantTo{Group: "example.com", Kind: "Service"}, false},
		{
			"from another namespace", gwv1.ReferenceGrantFrom{Group: gwv1.GroupName, Kind: "HTTPRoute", Namespace: "elsewhere"},
			gwv1.ReferenceGrantTo{Kind: "Service"}, false,
		},
		{
			"from another kind", gwv1.ReferenceGrantFrom{Group: gwv1.GroupName, Kind: "GRPCRoute", Namespace: "web"},
			gwv1.ReferenceGrantTo{Kind: "Service"}, false,
		},
		{
			"from another group", gwv1.ReferenceGrantFrom{Group: "example.com", Kind: "HTTPRoute", Namespace: "web"},
			gwv1.ReferenceGrantTo{Kind: "Service"}, false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			grant := &gwv1.ReferenceGrant{}
			grant.Namespace = "shop"
			grant.Spec.From = []gwv1.ReferenceGrantFrom{{Group: "example.com", Kind: "First", Namespace: "web"}, tc.from}
			grant.Spec.To = []gwv1.ReferenceGrantTo{{Kind: "First"}, tc.to}
			tr := &translation{index: snapshot.NewIndex(&snapshot.Snapshot{ReferenceGrants: []*gwv1.ReferenceGrant{grant}})}
			if got := tr.permitted(from, to); got != tc.want {
				t.Errorf("permitted() = %t", got)
			}
			local := to
			local.name.Namespace = "web"
			if !tr.permitted(from, local) {
				t.Error("a reference within the namespace is not permitted")
			}
		})
	}
}
