// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics is what the controller tells Prometheus about itself and the
// Gateways that it serves.
//
// Label values are names of Gateways and the constants of this package, so that the
// number of series is bounded by that of Gateways. Series of a Gateway go with it.
package metrics

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "kubera_controller"

// Result of a push.
type Result string

// The results of pushes.
const (
	// Applied: the proxy runs what was pushed.
	Applied Result = "applied"
	// Conflict: the proxy does not hold what the push builds on.
	Conflict Result = "conflict"
	// Refused: the proxy found the push wrong, and runs what it ran.
	Refused Result = "refused"
	// Failed: there was no answer.
	Failed Result = "failed"
)

// Push is a message to a proxy.
type Push struct {
	// Kind is full, delta or endpoints.
	Kind     string
	Result   Result
	Duration time.Duration
}

// Metrics are the numbers of one controller. The methods are safe for concurrent use.
// A nil Metrics counts nothing.
type Metrics struct {
	build       *prometheus.GaugeVec
	pushes      *prometheus.CounterVec
	pushTime    *prometheus.HistogramVec
	propagation prometheus.Histogram
	translation prometheus.Histogram
	authority   *prometheus.GaugeVec

	mu       sync.Mutex
	gateways map[string]*gateway
}

var _ prometheus.Collector = (*Metrics)(nil)

// pushBuckets go up to the time that a push may take.
var pushBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// New returns metrics without Gateways. The version is that of the program.
func New(version string) *Metrics {
	m := &Metrics{
		build: gaugeVec("build_info", "Always 1, with the version of the program.", "version", "goversion"),
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "pushes_total",
			Help: "Configurations sent to proxies, by kind of message and result.",
		}, []string{"kind", "result"}),
		pushTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "push_duration_seconds", Buckets: pushBuckets,
			Help: "Time from sending a configuration to a proxy to its answer, by kind of message.",
		}, []string{"kind"}),
		propagation: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "propagation_duration_seconds",
			Buckets: append(pushBuckets[2:len(pushBuckets):len(pushBuckets)], 60, 300),
			Help:    "Time from the moment that a configuration or endpoints are known to that in which a proxy runs them.",
		}),
		translation: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "translation_duration_seconds", Buckets: pushBuckets,
			Help: "Time that it takes to translate what a Gateway depends on into what is served and statuses.",
		}),
		authority: gaugeVec("authority_certificate_expiry_timestamp_seconds",
			"When the certificate of the control channel's authority expires."),
		gateways: map[string]*gateway{},
	}
	m.build.WithLabelValues(strings.ToValidUTF8(version, "\uFFFD"), runtime.Version()).Set(1)
	for _, kind := range []string{"full", "delta", "endpoints"} {
		m.pushTime.WithLabelValues(kind)
		for _, result := range []Result{Applied, Conflict, Refused, Failed} {
			m.pushes.WithLabelValues(kind, string(result))
		}
	}
	return m
}

func gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Shared registers metrics, or gives those that a controller before in this process has
// registered, without what only a leader knows: this one may not come to lead.
func Shared(registry prometheus.Registerer, version string) (*Metrics, error) {
	m := New(version)
	err := registry.Register(m)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := already.ExistingCollector.(*Metrics); ok {
			existing.forgetAll()
			return existing, nil
		}
	}
	return m, err
}

// Pushed counts a push.
func (m *Metrics) Pushed(p Push) {
	if m == nil {
		return
	}
	m.pushes.WithLabelValues(p.Kind, string(p.Result)).Inc()
	m.pushTime.WithLabelValues(p.Kind).Observe(p.Duration.Seconds())
}

// Propagated says that a proxy runs now what has been known for d.
func (m *Metrics) Propagated(d time.Duration) {
	if m != nil {
		m.propagation.Observe(d.Seconds())
	}
}

// Translated says how long a translation took.
func (m *Metrics) Translated(d time.Duration) {
	if m != nil {
		m.translation.Observe(d.Seconds())
	}
}

// SetAuthority says when the certificate of the control channel's authority expires.
// There is no series before.
func (m *Metrics) SetAuthority(notAfter time.Time) {
	if m != nil {
		m.authority.WithLabelValues().Set(float64(notAfter.Unix()))
	}
}

func (m *Metrics) forgetAll() {
	m.authority.Reset()
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.gateways)
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.build, m.pushes, m.pushTime, m.propagation, m.translation, m.authority}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range m.collectors() {
		c.Describe(ch)
	}
	describeGateways(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, c := range m.collectors() {
		c.Collect(ch)
	}
	m.collectGateways(ch)
}
