// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/loopback"
)

// withUDP adds UDP listeners.
func withUDP(cfg *config.Config, addresses ...string) *config.Config {
	for i, address := range addresses {
		cfg.Listeners = append(cfg.Listeners, config.Listener{
			ID: fmt.Sprintf("test/gw/u%d", i), Gateway: "test/gw", Protocol: config.UDP, Port: 53, Address: address,
		})
	}
	return cfg
}

func bound(t *testing.T, address string) bool {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	if err == nil {
		pc.Close()
	}
	return err != nil
}

// TCP and UDP have ports of their own, so both listen at one address.
func TestApplyOpensUDP(t *testing.T) {
	address, other := loopback.FreeAddress(t), loopback.FreeAddress(t)
	r := newRuntime(t, &fakeEngine{}, nil)
	if err := r.Apply(t.Context(), withUDP(listening("1", address), address, other)); err != nil {
		t.Fatal(err)
	}
	if got := get(t, address); got != "1" {
		t.Errorf("served %q", got)
	}
	if !bound(t, address) || !bound(t, other) {
		t.Error("a socket is not open")
	}
	if err := r.Apply(t.Context(), withUDP(listening("2", address), other)); err != nil {
		t.Fatal(err)
	}
	if bound(t, address) || !bound(t, other) {
		t.Error("not the sockets of the second configuration are open")
	}
	r.Drain(t.Context(), Drain{})
	if bound(t, other) {
		t.Error("a socket is open when all is drained")
	}
}

func TestRefusedUDPChangesNothing(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address, fresh := loopback.FreeAddress(t), loopback.FreeAddress(t)
	engine := &fakeEngine{}
	r := newRuntime(t, engine, nil)
	good := listening("good", address)
	if err := r.Apply(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	err = r.Apply(t.Context(), withUDP(listening("bad", address, fresh), fresh, taken.LocalAddr().String()))
	if refusal, ok := errors.AsType[*config.Refusal](err); !ok || refusal.Object != "test/gw/u1" || refusal.Field != "address" {
		t.Errorf("got %v, want a refusal of test/gw/u1", err)
	}
	if r.Config() != good || engine.table.Load() != good {
		t.Error("the refused configuration is in use")
	}
	if c, err := net.Dial("tcp", fresh); err == nil {
		c.Close()
		t.Error("a TCP socket of the refused configuration is open")
	}
	if bound(t, fresh) {
		t.Error("a UDP socket of the refused configuration is open")
	}
}

func TestDatagramsAreCounted(t *testing.T) {
	m := metrics.New()
	r := newRuntime(t, &fakeEngine{}, func(o *Options) { o.Metrics = m })
	address := loopback.FreeAddress(t)
	if err := r.Apply(t.Context(), withUDP(listening("1"), address)); err != nil {
		t.Fatal(err)
	}
	const name = "kubera_proxy_udp_datagrams_dropped_total"
	if n := testutil.CollectAndCount(m, name); n == 0 {
		t.Error("no series of the listener")
	}
	if err := r.Apply(t.Context(), listening("2")); err != nil {
		t.Fatal(err)
	}
	if n := testutil.CollectAndCount(m, name); n != 0 {
		t.Error("series of a listener that is gone")
	}
}
