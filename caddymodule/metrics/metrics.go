// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics counts what a proxy does, for Prometheus.
//
// Label values are names from the configuration and the few constants below, and
// nothing that a client can choose, so that the number of series is bounded by
// the configuration. Which names those are is fixed by a [Set], made with each
// configuration: a request only adds to numbers that it has at hand, without a
// lock, a look-up or an allocation.
//
// # Series
//
// Of a Gateway, by its listeners and routes:
//
//	kubera_proxy_requests_total{gateway,listener,route,code}     counter
//	kubera_proxy_request_duration_seconds{gateway,route}         histogram
//	kubera_proxy_requests_in_flight{gateway}                     gauge
//
// Of a backend, shared by all that refer to it:
//
//	kubera_proxy_upstream_requests_total{backend,outcome}        counter
//	kubera_proxy_mirrored_requests_total{backend,outcome}        counter
//	kubera_proxy_upstream_connections{backend}                   gauge
//	kubera_proxy_upstream_endpoints_ready{backend}               gauge
//	kubera_proxy_upstream_in_use{backend}                        gauge
//
// Of TLS and TCP listeners and their routes:
//
//	kubera_proxy_tcp_connections{gateway,listener,route}                       gauge
//	kubera_proxy_tcp_connections_opened_total{gateway,listener,route}          counter
//	kubera_proxy_tcp_connections_ended_total{gateway,listener,route,outcome}   counter
//	kubera_proxy_tcp_bytes_total{gateway,listener,route,direction}             counter
//
// Of UDP listeners and their routes:
//
//	kubera_proxy_udp_sessions{gateway,listener,route}                      gauge
//	kubera_proxy_udp_sessions_opened_total{gateway,listener,route}         counter
//	kubera_proxy_udp_sessions_ended_total{gateway,listener,route,outcome}  counter
//	kubera_proxy_udp_datagrams_total{gateway,listener,route,direction}     counter
//	kubera_proxy_udp_bytes_total{gateway,listener,route,direction}         counter
//	kubera_proxy_udp_datagrams_dropped_total{gateway,listener,reason}      counter
//
// Of collectors of spans:
//
//	kubera_proxy_spans_exported_total{endpoint}                  counter
//	kubera_proxy_spans_dropped_total{endpoint,reason}            counter
//
// Of sockets and certificates:
//
//	kubera_proxy_connections{gateway,address,transport}                               gauge
//	kubera_proxy_connections_limit{gateway,address,transport}                         gauge
//	kubera_proxy_listener_certificate_expiry_timestamp_seconds{gateway,listener}      gauge
//	kubera_proxy_listener_certificate_not_before_timestamp_seconds{gateway,listener}  gauge
//	kubera_proxy_control_certificate_expiry_timestamp_seconds                         gauge
//
// Of the program and the configuration:
//
//	kubera_proxy_build_info{version,goversion}                   gauge
//	kubera_proxy_config_pushes_total{result}                     counter
//	kubera_proxy_config_last_push_success_timestamp_seconds      gauge
//	kubera_proxy_config_info{version}                            gauge
//
// The labels gateway, listener, route and backend are IDs of the configuration, endpoint
// is the URL of the collector there.
// Route is empty for requests that match none, listener for those that no
// listener serves.
package metrics

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "kubera_proxy"

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	requestsDesc = describe("requests_total",
		"Requests answered, by the class of the status code; none if the client left before an answer began.",
		"gateway", "listener", "route", "code")
	inFlightDesc = describe("requests_in_flight",
		"Requests being served, open tunnels included.", "gateway")
	upstreamRequestsDesc = describe("upstream_requests_total",
		"Requests sent to endpoints, each try counting as one, by what became of them.", "backend", "outcome")
	mirroredDesc = describe("mirrored_requests_total",
		"Copies of requests sent to the backend, by what became of them.", "backend", "outcome")
	connectionsDesc = describe("upstream_connections",
		"Open connections to endpoints, idle ones included.", "backend")
	readyDesc = describe("upstream_endpoints_ready",
		"Endpoints that are ready and not draining.", "backend")
	inUseDesc = describe("upstream_in_use",
		"1 if the configuration sends something to the backend, 0 if it has no weight.", "backend")
	pushesDesc = describe("config_pushes_total",
		"Configurations, deltas and endpoint updates received, by what became of them.", "result")
	lastPushDesc = describe("config_last_push_success_timestamp_seconds",
		"When a push was last applied, 0 if none was.")
	infoDesc = describe("config_info",
		"Always 1, with the version of the running configuration.", "version")
)

// Result of a push to the control channel.
type Result int

// The results of pushes.
const (
	// Applied: the push is served.
	Applied Result = iota
	// Refused: the push was wrong, and nothing has changed.
	Refused
	// UnknownBase: the push builds on a configuration that is not the running one.
	UnknownBase

	results int = iota
)

var resultLabels = [results]string{"applied", "refused", "unknown_base"}

// Metrics are the numbers of one process. All methods are safe for concurrent
// use.
type Metrics struct {
	set       atomic.Pointer[Set]
	datagrams atomic.Pointer[DatagramSet] // nil before the first
	sockets   atomic.Pointer[Sockets]     // nil before the first
	version   atomic.Pointer[string]
	pushes    [results]atomic.Uint64
	lastPush  atomic.Int64 // nanoseconds since 1970, 0 for never

	controlExpiry atomic.Pointer[time.Time] // nil if not known
}

var _ prometheus.Collector = (*Metrics)(nil)

// New returns metrics without gateways and backends.
func New() *Metrics {
	m := &Metrics{}
	m.set.Store(m.NewSet())
	return m
}

// Pushed counts a push. An Applied one also moves the time of the last success.
func (m *Metrics) Pushed(result Result) {
	m.pushes[result].Add(1)
	if result == Applied {
		m.lastPush.Store(time.Now().UnixNano())
	}
}

// SetVersion names the running configuration. There is no series for the empty
// version, which stands for none.
func (m *Metrics) SetVersion(version string) {
	version = label(version)
	m.version.Store(&version)
}

// label makes a string one that Prometheus takes.
func label(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		requestsDesc, inFlightDesc, upstreamRequestsDesc, mirroredDesc, connectionsDesc, readyDesc, inUseDesc,
		tcpConnectionsDesc, tcpOpenedDesc, tcpEndedDesc, tcpBytesDesc,
		udpSessionsDesc, udpOpenedDesc, udpEndedDesc, udpDatagramsDesc, udpBytesDesc, udpDroppedDesc,
		spansExportedDesc, spansDroppedDesc,
		clientConnectionsDesc, connectionsLimitDesc, listenerExpiryDesc, listenerNotBeforeDesc, controlExpiryDesc,
		pushesDesc, lastPushDesc, infoDesc,
	} {
		ch <- d
	}
	durations().Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for i := range m.pushes {
		ch <- counter(pushesDesc, &m.pushes[i], resultLabels[i])
	}
	last := time.Duration(m.lastPush.Load()).Seconds()
	ch <- prometheus.MustNewConstMetric(lastPushDesc, prometheus.GaugeValue, last)
	if v := m.version.Load(); v != nil && *v != "" {
		ch <- prometheus.MustNewConstMetric(infoDesc, prometheus.GaugeValue, 1, *v)
	}
	m.set.Load().collect(ch)
	m.datagrams.Load().collect(ch)
	m.sockets.Load().collect(ch)
	if at := m.controlExpiry.Load(); at != nil {
		ch <- timestamp(controlExpiryDesc, *at)
	}
}

func counter(d *prometheus.Desc, n *atomic.Uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n.Load()), labels...)
}

func gauge(d *prometheus.Desc, n *atomic.Int64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n.Load()), labels...)
}
