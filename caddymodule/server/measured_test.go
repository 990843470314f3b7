// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/x509"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubera-dev/kubera/caddymodule/config"
	"github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/test/certtest"
	"github.com/kubera-dev/kubera/test/loopback"
)

// series are the values of a metric, by the labels.
func series(m *metrics.Metrics, name string) map[string]float64 {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		return map[string]float64{err.Error(): 0}
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, l := range metric.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			values[strings.Join(labels, " ")] = metric.GetGauge().GetValue()
		}
	}
	return values
}

func wantSeries(t *testing.T, m *metrics.Metrics, name string, want map[string]float64) {
	t.Helper()
	var got map[string]float64
	defer func() {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("series of %s (-want +got):\n%s", name, diff)
		}
	}()
	eventually(t, "the series of "+name+" are as wanted", func() bool {
		got = series(m, name)
		return maps.Equal(got, want)
	})
}

func TestConnectionsAreShown(t *testing.T) {
	m := metrics.New()
	s := newSet(t, nil)
	s.opts.Metrics = m
	address, gone := loopback.FreeAddress(t), loopback.FreeAddress(t)
	cfg := plain(address, gone)
	cfg.Gateways[0].Limits = &config.Limits{MaxConnections: 5}
	apply(t, s, cfg)
	const open, limit = "kubera_proxy_connections", "kubera_proxy_connections_limit"
	at, atGone := address+" test/gw tcp", gone+" test/gw tcp"
	wantSeries(t, m, open, map[string]float64{at: 0, atGone: 0})
	wantSeries(t, m, limit, map[string]float64{at: 5, atGone: 5})

	// One between two requests, and one that says nothing.
	client := newClient(t, nil, nil)
	mustGet(t, client, "http://"+address)
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	wantSeries(t, m, open, map[string]float64{at: 2, atGone: 0})

	// Those of former settings count on.
	cfg = plain(address)
	cfg.Gateways[0].Limits = &config.Limits{MaxConcurrentStreams: 7}
	apply(t, s, cfg)
	wantSeries(t, m, open, map[string]float64{at: 2})
	wantSeries(t, m, limit, map[string]float64{})
	silent.Close()
	client.CloseIdleConnections()
	wantSeries(t, m, open, map[string]float64{at: 0})
}

func TestConnectionsOfHTTP3AreShown(t *testing.T) {
	m := metrics.New()
	ca, address := certtest.NewCA(t, "ca"), loopback.FreeAddress(t)
	const name = "kubera_proxy_connections"
	tcp, quic := address+" test/gw tcp", address+" test/gw quic"
	s := newSet(t, func(w http.ResponseWriter, _ *http.Request) {
		if got := series(m, name); got[quic] != 1 {
			t.Errorf("during a request of HTTP/3: %v", got)
		}
		_, _ = io.WriteString(w, "hello")
	})
	s.opts.Metrics = m
	apply(t, s, http3Config(ca, address))
	if !servesHTTP3(ca, address) {
		t.Fatal("there is no HTTP/3")
	}
	wantSeries(t, m, name, map[string]float64{tcp: 0, quic: 0})
	cfg := http3Config(ca, address)
	cfg.Gateways[0].HTTP3 = false
	apply(t, s, cfg)
	wantSeries(t, m, name, map[string]float64{tcp: 0})
}

func TestExpiryOfListeners(t *testing.T) {
	m := metrics.New()
	s := newSet(t, nil)
	s.opts.Metrics = m
	ca, address := certtest.NewCA(t, "ca"), loopback.FreeAddress(t)
	issue := func(id string, notBefore, notAfter int64) config.Certificate {
		return certificate(id, ca.IssueLike(x509.Certificate{
			DNSNames: []string{"a.example"}, NotBefore: time.Unix(notBefore, 0), NotAfter: time.Unix(notAfter, 0),
		}))
	}
	cfg := plain()
	cfg.Listeners = []config.Listener{
		httpsListener("two", address, "a.example", "late", "early"),
		httpsListener("one", address, "b.example", "late"),
		httpsListener("none", address, "c.example"),
	}
	cfg.Certificates = []config.Certificate{issue("late", 1e8, 4e9), issue("early", 2e8, 3e9), issue("unused", 1e7, 2e9)}
	apply(t, s, cfg)
	const (
		notAfter  = "kubera_proxy_listener_certificate_expiry_timestamp_seconds"
		notBefore = "kubera_proxy_listener_certificate_not_before_timestamp_seconds"
	)
	wantSeries(t, m, notAfter, map[string]float64{"test/gw test/gw/one": 4e9, "test/gw test/gw/two": 3e9})
	wantSeries(t, m, notBefore, map[string]float64{"test/gw test/gw/one": 1e8, "test/gw test/gw/two": 2e8})
	apply(t, s, plain(address))
	wantSeries(t, m, notAfter, map[string]float64{})
	wantSeries(t, m, notBefore, map[string]float64{})
}
