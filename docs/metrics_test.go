// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	// The metrics of work queues and clients register with what makes these.
	_ "sigs.k8s.io/controller-runtime/pkg/controller"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	proxymetrics "github.com/kubera-dev/kubera/caddymodule/metrics"
	"github.com/kubera-dev/kubera/internal/metrics"
	"github.com/kubera-dev/kubera/test/metricsdoc"
)

// proxyMetrics have a sample of everything that a proxy counts.
func proxyMetrics() *proxymetrics.Metrics {
	const gateway, route = "default/web", "HTTPRoute/default/a"
	m := proxymetrics.New()
	set := m.NewSet()
	requests, backend := set.Route(gateway, "default/web/http", route), set.Backend("Service/default/a/80")
	set.Connections(gateway, "default/web/db", "TCPRoute/default/db")
	set.Spans("http://collector:4318")
	m.Use(set)
	requests.Begin()
	requests.End(200, time.Second)
	backend.CountMirror(proxymetrics.MirrorOK)
	datagrams := m.NewDatagramSet()
	datagrams.Sessions(gateway, "default/web/dns", "UDPRoute/default/dns")
	datagrams.Drops(gateway, "default/web/dns")
	m.UseDatagrams(datagrams)
	m.UseSockets(&proxymetrics.Sockets{
		Sockets:  []proxymetrics.Socket{{Gateway: gateway, Address: ":443", Transport: proxymetrics.TCP, Limit: 1, Open: func() int { return 0 }}},
		Expiries: []proxymetrics.Expiry{{Gateway: gateway, Listener: "default/web/https"}},
	})
	m.SetControlExpiry(time.Now())
	m.SetVersion("1")
	return m
}

// controllerMetrics have a sample of everything that the controller counts.
func controllerMetrics() *metrics.Metrics {
	const gateway = "default/web"
	m := metrics.New("v1")
	m.SetAuthority(time.Now())
	m.SetRoutes(gateway, metrics.Routes{"HTTPRoute": nil})
	m.SetStatus(gateway, metrics.Status{})
	m.SetProxies(gateway, map[metrics.ProxyState]int{})
	return m
}

var descName = regexp.MustCompile(`fqName: "([^"]+)"`)

// described are the names of all that a collector may have.
func described(c prometheus.Collector) []string {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		c.Describe(descs)
	}()
	var names []string
	for desc := range descs {
		names = append(names, descName.FindStringSubmatch(desc.String())[1])
	}
	return names
}

// gathered is what the two programs register, with samples.
func gathered(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	proxy, controller := proxyMetrics(), controllerMetrics()
	ofProxy, err := proxymetrics.NewRegistry(proxy, "v1")
	if err != nil {
		t.Fatal(err)
	}
	ofController := prometheus.NewPedanticRegistry()
	ofController.MustRegister(controller)
	var families []*dto.MetricFamily
	var names []string
	for _, registry := range []prometheus.Gatherer{ofProxy, ofController} {
		of, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range of {
			families = append(families, family)
			names = append(names, family.GetName())
		}
	}
	for _, name := range slices.Concat(described(proxy), described(controller)) {
		if !slices.Contains(names, name) {
			t.Errorf("this test has no sample of %s", name)
		}
	}
	return families
}

// asDocumented is a row of the table for a metric.
func asDocumented(family *dto.MetricFamily) metricsdoc.Metric {
	m := metricsdoc.Metric{Name: family.GetName(), Type: strings.ToLower(family.GetType().String())}
	for _, label := range family.GetMetric()[0].GetLabel() {
		m.Labels = append(m.Labels, label.GetName())
	}
	slices.Sort(m.Labels)
	return m
}

func documented(t *testing.T) []metricsdoc.Metric {
	t.Helper()
	doc, err := metricsdoc.Read(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestMetrics compares what is registered with docs/metrics.md: names, types, labels.
func TestMetrics(t *testing.T) {
	have, want := map[string]metricsdoc.Metric{}, map[string]metricsdoc.Metric{}
	for _, family := range gathered(t) {
		if m := asDocumented(family); m.Ours() {
			have[m.Name] = m
		}
	}
	for _, m := range documented(t) {
		if m.Ours() {
			want[m.Name] = m
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/metrics.md and the programs differ (-documented +registered):\n%s", diff)
	}
	if len(have) < 30 {
		t.Errorf("there are %d metrics", len(have))
	}
}

// TestMetricsOfLibraries finds what is documented of them. What has no series yet, in
// the registry of controller-runtime, shows by its name being taken.
func TestMetricsOfLibraries(t *testing.T) {
	shown := map[string]metricsdoc.Metric{}
	for _, family := range gathered(t) {
		shown[family.GetName()] = asDocumented(family)
	}
	for _, m := range documented(t) {
		if m.Ours() {
			continue
		}
		if have, ok := shown[m.Name]; ok {
			if diff := cmp.Diff(m, have); diff != "" {
				t.Errorf("docs/metrics.md (-documented +registered):\n%s", diff)
			}
			continue
		}
		probe := prometheus.NewGauge(prometheus.GaugeOpts{Name: m.Name, Help: "Probe."})
		if ctrlmetrics.Registry.Register(probe) == nil {
			ctrlmetrics.Registry.Unregister(probe)
			t.Errorf("there is no metric %s", m.Name)
		}
	}
}

func TestMetricsAreLikeOthers(t *testing.T) {
	problems, err := promlint.NewWithMetricFamilies(gathered(t)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// metricName is a name in a page; a histogram's series have suffixes.
var metricName = regexp.MustCompile(`\bkubera_(?:proxy|controller)_[a-z_]+[a-z]\b`)

// Pages name no metric that is not there.
func TestMetricsThatPagesName(t *testing.T) {
	var series []string
	for _, m := range documented(t) {
		series = append(append(series, m.Name), m.Series()...)
	}
	for _, path := range pages(t) {
		for _, name := range metricName.FindAllString(read(t, path), -1) {
			if !slices.Contains(series, name) {
				t.Errorf("%s: there is no metric %s", path, name)
			}
		}
	}
}
