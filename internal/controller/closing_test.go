// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/cluster"
	"github.com/kubera-dev/kubera/internal/fleet"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
	"github.com/kubera-dev/kubera/internal/parameters"
	"github.com/kubera-dev/kubera/internal/pki"
)

func TestOpenPorts(t *testing.T) {
	model := func(ports ...int32) *gatewayapi.Gateway {
		g := &gatewayapi.Gateway{Parameters: v1alpha1.GatewayParametersSpec{
			Deployment: &v1alpha1.DeploymentParameters{Drain: &v1alpha1.Drain{Timeout: new(gwv1.Duration("5m"))}},
		}}
		for _, port := range ports {
			g.Listeners = append(g.Listeners, &gatewayapi.Listener{Port: port, Protocol: config.HTTP})
		}
		return g
	}
	tcp := func(n int32) infra.Port { return infra.Port{Number: n, Protocol: corev1.ProtocolTCP} }
	start := time.Now()
	now := start
	var ports openPorts
	step := func(after time.Duration, listeners []int32, want openPorts, next time.Duration) {
		t.Helper()
		now = now.Add(after)
		ports = ports.of(model(listeners...), now)
		if diff := cmp.Diff(want, ports); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", now.Sub(start), diff)
		}
		if got := ports.next(now); got != next {
			t.Errorf("after %v, next is in %v, want %v", now.Sub(start), got, next)
		}
	}
	const held = 5*time.Minute + closingAllowance
	step(0, []int32{80, 443}, openPorts{tcp(80): {}, tcp(443): {}}, 0)
	step(time.Minute, []int32{443}, openPorts{tcp(80): now.Add(time.Minute + held), tcp(443): {}}, held)
	until := ports[tcp(80)]
	// Another change does not begin the time anew.
	step(time.Minute, []int32{8080}, openPorts{tcp(80): until, tcp(443): now.Add(time.Minute + held), tcp(8080): {}}, held-time.Minute)
	// A listener comes back, and is as any other.
	step(time.Minute, []int32{443, 8080}, openPorts{tcp(80): until, tcp(443): {}, tcp(8080): {}}, held-2*time.Minute)
	step(held-2*time.Minute, []int32{443, 8080}, openPorts{tcp(443): {}, tcp(8080): {}}, 0)

	open, closing := openPorts{tcp(1): {}, tcp(2): until}.split()
	if !cmp.Equal(open, []infra.Port{tcp(1)}) || !cmp.Equal(closing, []infra.Port{tcp(2)}) {
		t.Errorf("open are %v, closing %v", open, closing)
	}
}

// TestPortIsClosed goes from the listeners of a Gateway to its NetworkPolicy: a port is
// closed when its time is over, without anything happening.
func TestPortIsClosed(t *testing.T) {
	gateway := testGateway("1")
	gateway.Spec.GatewayClassName = "kubera"
	listener := func(port gwv1.PortNumber) gwv1.Listener {
		return gwv1.Listener{Name: gwv1.SectionName(fmt.Sprintf("on-%d", port)), Port: port, Protocol: gwv1.HTTPProtocolType}
	}
	gateway.Spec.Listeners = []gwv1.Listener{listener(80), listener(8080)}
	stored, ok := indexedClient(t, gateway,
		&gwv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "kubera"}, Spec: gwv1.GatewayClassSpec{ControllerName: DefaultControllerName}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: gateway.Namespace}}).(client.WithWatch)
	if !ok {
		t.Fatal("not the fake client")
	}
	// What is applied at last. The fake client can't take it: it adds a status, and a
	// NetworkPolicy has none.
	var policy networkingv1.NetworkPolicy
	c := interceptor.NewClient(stored, interceptor.Funcs{
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			var kind metav1.TypeMeta
			data, err := json.Marshal(o)
			if err == nil {
				err = json.Unmarshal(data, &kind)
			}
			if err != nil || kind.Kind != "NetworkPolicy" {
				return errors.Join(err, c.Apply(ctx, o, opts...))
			}
			return json.Unmarshal(data, &policy)
		},
	})
	f := fleet.New(fleet.Options{})
	defer f.Close()
	now := time.Now()
	clock := func() time.Time { return now }
	reader := &cluster.Reader{Client: c, Interests: &cluster.Interests{}, ControllerName: DefaultControllerName}
	a := &applier{cached: c, live: c, controllerName: DefaultControllerName}
	r := &gatewayReconciler{
		reader: reader, translation: gatewayapi.Options{ControllerName: DefaultControllerName}, programs: newPrograms(), fleet: f, now: clock,
		statuses:  &dependentStatuses{writer: &statusWriter{client: c}, controllerName: DefaultControllerName, now: clock},
		provision: &provisioner{applier: a, image: "proxy:1", controllerNamespace: "kubera-system", secrets: &controlSecrets{applier: a, identity: &pki.Identity{Now: clock}, now: clock}},
		changed:   func(reconcile.Request) {},
	}
	r.endpoints = &endpoints{reader: reader, programs: r.programs, fleet: f}
	step := func(doing string, change func(*gwv1.GatewaySpec), ports []int32, again time.Duration) {
		t.Helper()
		name := client.ObjectKeyFromObject(gateway)
		if err := c.Get(t.Context(), name, gateway); err != nil {
			t.Fatal(err)
		}
		change(&gateway.Spec)
		if err := c.Update(t.Context(), gateway); err != nil {
			t.Fatal(err)
		}
		policy = networkingv1.NetworkPolicy{}
		result, err := r.Reconcile(t.Context(), requestFor(name))
		if err != nil {
			t.Fatal(err)
		}
		var got []int32
		for _, rule := range policy.Spec.Ingress {
			if len(rule.From) == 0 {
				for _, p := range rule.Ports {
					got = append(got, p.Port.IntVal)
				}
			}
		}
		if !slices.Equal(got, ports) || result.RequeueAfter != again {
			t.Errorf("%s: open are %v, want %v; again after %v, want %v", doing, got, ports, result.RequeueAfter, again)
		}
	}
	const held = parameters.DefaultDrainTimeout + closingAllowance
	both := []int32{80, 8080}
	step("with two listeners", func(*gwv1.GatewaySpec) {}, both, 0)
	step("with one", func(s *gwv1.GatewaySpec) { s.Listeners = s.Listeners[:1] }, both, held)
	now = now.Add(held / 3)
	step("while it is not accepted, and left alone", func(s *gwv1.GatewaySpec) {
		s.Infrastructure = &gwv1.GatewayInfrastructure{ParametersRef: &gwv1.LocalParametersReference{Group: "example.com", Kind: "Other", Name: "x"}}
	}, nil, 0)
	step("when it is again", func(s *gwv1.GatewaySpec) { s.Infrastructure = nil }, both, held-held/3)
	now = now.Add(held - held/3)
	step("in the end", func(*gwv1.GatewaySpec) {}, both[:1], 0)
}

func TestSooner(t *testing.T) {
	for _, tc := range [][3]time.Duration{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 3, 2}, {3, 2, 2}} {
		if got := sooner(tc[0], tc[1]); got != tc[2] {
			t.Errorf("sooner(%d, %d) = %d", tc[0], tc[1], got)
		}
	}
}
