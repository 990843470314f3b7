// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package runtime

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap/zaptest"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/loopback"
)

// Each push is counted once, by what came of it, and the version is the one that
// serves, not the one that was refused.
func TestPushesAreCounted(t *testing.T) {
	m := metrics.New()
	r := New(Options{Engine: &fakeEngine{}, Logger: zaptest.NewLogger(t), Metrics: m})
	defer r.Close()

	good := listening("1", loopback.FreeAddress(t))
	if err := r.Apply(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	bad := listening("2", loopback.FreeAddress(t))
	bad.LogLevel = "loud"
	for name, push := range map[string]func() error{
		"a refused one":  func() error { return r.Apply(t.Context(), bad) },
		"another base":   func() error { return r.ApplyDelta(t.Context(), &config.Delta{Base: "0"}) },
		"endpoints of 0": func() error { return r.ApplyEndpoints(t.Context(), &config.EndpointsUpdate{Base: "0"}) },
		"a delta that is so": func() error {
			return r.ApplyDelta(t.Context(), &config.Delta{Base: "1", Version: "2", LogLevel: &bad.LogLevel})
		},
	} {
		if push() == nil {
			t.Errorf("%s is taken", name)
		}
	}
	want := `
# HELP kubera_proxy_config_info Always 1, with the version of the running configuration.
# TYPE kubera_proxy_config_info gauge
kubera_proxy_config_info{version="1"} 1
# HELP kubera_proxy_config_pushes_total Configurations, deltas and endpoint updates received, by what became of them.
# TYPE kubera_proxy_config_pushes_total counter
kubera_proxy_config_pushes_total{result="applied"} 1
kubera_proxy_config_pushes_total{result="refused"} 2
kubera_proxy_config_pushes_total{result="unknown_base"} 2
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want), "kubera_proxy_config_info", "kubera_proxy_config_pushes_total"); err != nil {
		t.Error(err)
	}
}
