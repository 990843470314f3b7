// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns all that /metrics of a proxy shows: m, the version of the
// program, and what Go and the kernel know of the process.
func NewRegistry(m *Metrics, version string) (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		m,
		buildInfo(version),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return registry, nil
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace:   namespace,
		Name:        "build_info",
		Help:        "Always 1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": label(version), "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
