// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	gwv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/kubera-dev/kubera/api/v1alpha1"
	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/internal/gatewayapi"
	"github.com/kubera-dev/kubera/internal/infra"
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

func TestSooner(t *testing.T) {
	for _, tc := range [][3]time.Duration{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 3, 2}, {3, 2, 2}} {
		if got := sooner(tc[0], tc[1]); got != tc[2] {
			t.Errorf("sooner(%d, %d) = %d", tc[0], tc[1], got)
		}
	}
}
