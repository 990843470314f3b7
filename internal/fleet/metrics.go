// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubera-dev/kubera/caddymodule/config"
)

// Metrics counts the pushes of a Fleet by kind (full, delta, endpoints) and
// result (applied, conflict, refused, failed). A nil Metrics counts nothing.
type Metrics struct {
	pushes *prometheus.CounterVec
}

// SharedMetrics registers the metrics, or gives those that are registered already.
func SharedMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kubera_controller_pushes_total",
		Help: "Configurations sent to proxies, by kind of message and result.",
	}, []string{"kind", "result"})}
	err := registry.Register(m.pushes)
	var already prometheus.AlreadyRegisteredError
	if !errors.As(err, &already) {
		return m, err
	}
	existing, ok := already.ExistingCollector.(*prometheus.CounterVec)
	if !ok {
		return nil, err
	}
	return &Metrics{pushes: existing}, nil
}

func (m *Metrics) count(kind string, err error) {
	if m == nil {
		return
	}
	var refusal *config.Refusal
	result := "failed"
	switch {
	case err == nil:
		result = "applied"
	case errors.Is(err, errConflict):
		result = "conflict"
	case errors.As(err, &refusal):
		result = "refused"
	}
	m.pushes.WithLabelValues(kind, result).Inc()
}
