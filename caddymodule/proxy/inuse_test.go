// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
)

// TestBackendsInUse: a backend is as soon as one rule of any route gives it weight, or
// sends it copies.
func TestBackendsInUse(t *testing.T) {
	mirror := func(to string) []config.Filter { return []config.Filter{{Mirror: &config.Mirror{Backend: to}}} }
	cfg := oneRule(config.Rule{
		Filters: mirror("copies"),
		Backends: []config.WeightedBackend{
			{Backend: "app", Weight: 1, Filters: mirror("copies-of-app")},
			{Backend: "old", Filters: mirror("copies-of-old")},
			{Backend: "shared"},
		},
	})
	cfg.Routes = append(cfg.Routes, config.Route{
		ID: "TCPRoute/test/db", Protocol: config.RouteTCP,
		Rules: []config.Rule{{Backends: append(to("db", "shared"), config.WeightedBackend{Backend: "old-db"})}},
	})
	want := map[string]float64{
		"app": 1, "copies": 1, "copies-of-app": 1, "db": 1, "shared": 1,
		"old": 0, "copies-of-old": 0, "old-db": 0,
	}
	for id := range want {
		cfg.Backends = append(cfg.Backends, backendAt(id, "127.0.0.1:1", config.BackendHTTP))
	}
	numbers := metrics.New()
	newGatewayWith(t, cfg, Options{Metrics: numbers})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(numbers)
	got := gather(t, registry)
	for id, value := range want {
		series := "kubera_proxy_upstream_in_use backend=" + id
		if in, found := got[series]; !found || in != value {
			t.Errorf("%s is %v (found: %v), want %v", series, in, found, value)
		}
	}
}
