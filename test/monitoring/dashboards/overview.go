// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import "github.com/kubera-dev/kubera/test/monitoring/grafana"

func overview() grafana.Dashboard {
	least := new(1.0)
	return grafana.Dashboard{
		UID: "kubera-overview", Title: "Kubera / Overview",
		Description: "All Gateways at a glance.",
		Rows: []grafana.Row{
			{Title: "Now", Panels: []grafana.Panel{
				{
					Title: "Gateways", Kind: grafana.Stat, Unit: "short", Description: "Gateways of our classes.",
					Queries: one(`count(group by (gateway) (kubera_controller_gateway_condition)) or vector(0)`, ""),
				},
				{
					Title: "Not programmed", Kind: grafana.Stat, Unit: "short", Thresholds: []float64{1, 1},
					Description: "Gateways whose condition Programmed is not True.",
					Queries:     one(`count(max by (gateway) (kubera_controller_gateway_condition{condition="Programmed"}) == 0) or vector(0)`, ""),
				},
				{
					Title: "Proxies that are not current", Kind: grafana.Stat, Unit: "short", Thresholds: []float64{1},
					Description: "Proxy pods that do not run what they should, without those that stop.",
					Queries:     one(`sum(kubera_controller_proxies{state=~"behind|refused|unreachable"}) or vector(0)`, ""),
				},
				{
					Title: "Requests", Kind: grafana.Stat, Unit: "reqps", Description: "Of all Gateways.",
					Queries: one(`sum(rate(kubera_proxy_requests_total[$__rate_interval]))`, ""),
				},
				{
					Title: "Answered with 5xx", Kind: grafana.Stat, Unit: "percentunit", Thresholds: []float64{.01, .05},
					Description: "By proxies or backends.",
					Queries: one(`sum(rate(kubera_proxy_requests_total{code="5xx"}[$__rate_interval]))
/ sum(rate(kubera_proxy_requests_total[$__rate_interval]))`, ""),
				},
				{
					Title: "Leader", Kind: grafana.Stat, Unit: "short", Least: least, Description: "Controllers that lead: one.",
					Queries: one(`sum(leader_election_master_status{name="0b6d3d4c.gateway.kubera.dev"})`, ""),
				},
			}},
			{Title: "Gateways", Panels: []grafana.Panel{
				{
					Title: "Requests by Gateway", Unit: "reqps", Stack: true, Description: "Answered, of any status.",
					Queries: one(`sum by (gateway) (rate(kubera_proxy_requests_total[$__rate_interval]))`, "{{gateway}}"),
				},
				{
					Title: "5xx by Gateway", Unit: "percentunit", Description: "Part of the requests.",
					Queries: one(`sum by (gateway) (rate(kubera_proxy_requests_total{code="5xx"}[$__rate_interval]))
/ sum by (gateway) (rate(kubera_proxy_requests_total[$__rate_interval]))`, "{{gateway}}"),
				},
				{
					Title: "Latency by Gateway, 95 %", Unit: "s", Description: "To the end of the response.",
					Queries: slow(`kubera_proxy_request_duration_seconds_bucket`, "gateway", ""),
				},
			}},
			{Title: "What is wrong", Panels: []grafana.Panel{
				{
					Title: "Gateways that are not programmed", Kind: grafana.Table, Description: "kubectl describe gateway says why.",
					Queries: one(`max by (gateway) (kubera_controller_gateway_condition{condition="Programmed"}) == 0`, ""),
				},
				{
					Title: "Listeners and routes", Kind: grafana.Table, Description: "Those that are not ok, by Gateway.",
					Queries: one(`sum by (gateway, kind, state) (kubera_controller_routes{state!="ok"} or kubera_controller_listeners{state!="ok"}) > 0`, ""),
				},
				{
					Title: "Backends without endpoints", Kind: grafana.Table, Description: "Requests to them get 503.",
					Queries: one(`max by (backend) (kubera_proxy_upstream_endpoints_ready
and on (namespace, pod, instance, backend) kubera_proxy_upstream_in_use == 1) == 0`, ""),
				},
			}},
			{Title: "Certificates and versions", Panels: []grafana.Panel{
				{
					Title: "Certificates of listeners", Kind: grafana.Table, Unit: "s", Description: "Time to expiry, the 20 that expire first.",
					Queries: one(`sort(bottomk(20, min by (listener) (kubera_proxy_listener_certificate_expiry_timestamp_seconds) - time()))`, ""),
				},
				{
					Title: "Versions", Kind: grafana.Table, Unit: "short", Description: "Programs by version.",
					Queries: one(`count by (version, goversion) (kubera_controller_build_info or kubera_proxy_build_info)`, ""),
				},
			}},
		},
	}
}
