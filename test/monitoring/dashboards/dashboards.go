// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dashboards says what is on the dashboards in config/grafana.
package dashboards

import "github.com/kubera-dev/kubera/test/monitoring/grafana"

// All are the dashboards, by the names of their files without the extension.
func All() map[string]grafana.Dashboard {
	all := map[string]grafana.Dashboard{}
	for _, d := range []grafana.Dashboard{overview(), gateways(), proxies(), controller()} {
		all[d.UID] = d
	}
	return all
}

// Of the controller, which knows all Gateways, whatever their listeners are.
var gatewayVariables = []grafana.Variable{
	{Name: "namespace", Label: "Namespace", Metric: "kubera_controller_gateway_condition", Of: "gateway", Regex: "/^([^/]+)/"},
	{Name: "gateway", Label: "Gateway", Metric: `kubera_controller_gateway_condition{gateway=~"$namespace/.*"}`, Of: "gateway"},
}

// The series of chosen Gateways.
const chosen = `gateway=~"$namespace/.*", gateway=~"$gateway"`

// ofChosen is to follow an expression of series by proxy: it leaves those of chosen
// Gateways.
const ofChosen = ` and on (namespace, pod, instance) (kubera_proxy_connections{` + chosen + `} or kubera_proxy_udp_sessions{` + chosen + `})`

func quantiles(metric, by string) []grafana.Query {
	var queries []grafana.Query
	for _, q := range []struct{ value, name string }{{"0.5", "half"}, {"0.95", "95 %"}, {"0.99", "99 %"}} {
		queries = append(queries, grafana.Query{
			Expr: "histogram_quantile(" + q.value + ", sum by (" + by + ") (rate(" + metric + "[$__rate_interval])))", Legend: q.name,
		})
	}
	return queries
}

func one(expr, legend string) []grafana.Query { return []grafana.Query{{Expr: expr, Legend: legend}} }

// slow is the 95th percentile of a histogram by a label, of the series that a filter
// leaves.
func slow(buckets, by, filter string) []grafana.Query {
	return one("histogram_quantile(0.95, sum by ("+by+", le) (rate("+buckets+"[$__rate_interval])"+filter+"))", "{{"+by+"}}")
}
