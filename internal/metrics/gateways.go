// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	conditionDesc = describe("gateway_condition",
		"1 if the condition of the Gateway is True, else 0.", "gateway", "condition")
	proxiesDesc = describe("proxies",
		"Proxy pods of the Gateway that have an address, by what they run.", "gateway", "state")
	listenersDesc = describe("listeners",
		"Listeners of the Gateway itself, by what their conditions say.", "gateway", "state")
	routesDesc = describe("routes",
		"Routes that name the Gateway or one of its ListenerSets, by what their conditions say.", "gateway", "kind", "state")
)

// ProxyState is what a proxy pod runs. Each has one.
type ProxyState string

// The states of proxies.
const (
	// Current: it runs what it should.
	Current ProxyState = "current"
	// Behind: it has not been tried yet, or something else runs than what should.
	Behind ProxyState = "behind"
	// Rejecting: it has refused what it should run.
	Rejecting ProxyState = "refused"
	// Unreachable: the last exchange with it failed.
	Unreachable ProxyState = "unreachable"
	// Draining: it was asked to stop.
	Draining ProxyState = "draining"
)

var proxyStates = []ProxyState{Current, Behind, Rejecting, Unreachable, Draining}

// State is what the conditions of a listener or route say: the first that applies.
type State string

// The states of listeners and routes.
const (
	// NotAccepted: Accepted is not True.
	NotAccepted State = "not_accepted"
	// Unresolved: ResolvedRefs is not True.
	Unresolved State = "unresolved"
	// NotProgrammed: Programmed, of a listener, is not True.
	NotProgrammed State = "not_programmed"
	// OK: none of these.
	OK State = "ok"
)

var (
	listenerStates = []State{OK, NotAccepted, Unresolved, NotProgrammed}
	routeStates    = []State{OK, NotAccepted, Unresolved}
)

// Status is what the status of a Gateway says.
type Status struct {
	Accepted, Programmed bool
	Listeners            map[State]int
}

// Routes are numbers of routes by kind and state.
type Routes map[string]map[State]int

// gateway is what is known of one Gateway. It is guarded by Metrics.mu; the maps are
// not changed.
type gateway struct {
	routes  Routes
	status  *Status            // nil if not known yet
	proxies map[ProxyState]int // nil if not known yet
}

// SetRoutes says which routes a Gateway has. It begins the series of the Gateway,
// which is named by its ID, "default/web".
func (m *Metrics) SetRoutes(id string, routes Routes) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gateways[id] == nil {
		m.gateways[id] = &gateway{}
	}
	m.gateways[id].routes = routes
}

// SetStatus says what the status of a Gateway is. One that SetRoutes does not know is
// ignored: it may just have been forgotten.
func (m *Metrics) SetStatus(id string, s Status) {
	m.update(id, func(g *gateway) { g.status = &s })
}

// SetProxies says what the proxies of a Gateway run, of one that SetRoutes knows.
func (m *Metrics) SetProxies(id string, proxies map[ProxyState]int) {
	m.update(id, func(g *gateway) { g.proxies = proxies })
}

func (m *Metrics) update(id string, change func(*gateway)) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.gateways[id]; g != nil {
		change(g)
	}
}

// Forget ends the series of a Gateway.
func (m *Metrics) Forget(id string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.gateways, id)
}

func describeGateways(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{conditionDesc, proxiesDesc, listenersDesc, routesDesc} {
		ch <- d
	}
}

func (m *Metrics) collectGateways(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, g := range m.gateways {
		for kind, byState := range g.routes {
			for _, state := range routeStates {
				ch <- count(routesDesc, byState[state], id, kind, string(state))
			}
		}
		if g.proxies != nil {
			for _, state := range proxyStates {
				ch <- count(proxiesDesc, g.proxies[state], id, string(state))
			}
		}
		if g.status == nil {
			continue
		}
		ch <- count(conditionDesc, truth(g.status.Accepted), id, "Accepted")
		ch <- count(conditionDesc, truth(g.status.Programmed), id, "Programmed")
		for _, state := range listenerStates {
			ch <- count(listenersDesc, g.status.Listeners[state], id, string(state))
		}
	}
}

func count(d *prometheus.Desc, n int, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
