// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"slices"

	"github.com/kubera-dev/kubera/test/monitoring/grafana"
)

func gateways() grafana.Dashboard {
	return grafana.Dashboard{
		UID: "kubera-gateway", Title: "Kubera / Gateway",
		Description: "The traffic of Gateways: requests by route, backends, connections.",
		Variables: append(slices.Clip(gatewayVariables), grafana.Variable{
			Name: "route", Label: "Route", Metric: `kubera_proxy_requests_total{gateway=~"$gateway"}`, Of: "route",
		}),
		Rows: []grafana.Row{
			{Title: "Now", Panels: gatewayStats()},
			{Title: "Requests", Panels: []grafana.Panel{
				{
					Title: "Requests by route", Unit: "reqps", Stack: true, Description: "Without a name: those that match no route.",
					Queries: one(`sum by (route) (rate(kubera_proxy_requests_total{`+chosen+`, route=~"$route"}[$__rate_interval]))`, "{{route}}"),
				},
				{
					Title: "Requests by status", Unit: "reqps", Stack: true, Description: "none: the client left before an answer began.",
					Queries: one(`sum by (code) (rate(kubera_proxy_requests_total{`+chosen+`, route=~"$route"}[$__rate_interval]))`, "{{code}}"),
				},
				{
					Title: "5xx by route", Unit: "percentunit", Description: "Part of the requests of the route.",
					Queries: one(`sum by (route) (rate(kubera_proxy_requests_total{code="5xx", `+chosen+`, route=~"$route"}[$__rate_interval]))
/ sum by (route) (rate(kubera_proxy_requests_total{`+chosen+`, route=~"$route"}[$__rate_interval]))`, "{{route}}"),
				},
			}},
			{Title: "Latency", Panels: []grafana.Panel{
				{
					Title: "Latency", Unit: "s", Description: "From the header of a request to the end of its response.",
					Queries: quantiles(`kubera_proxy_request_duration_seconds_bucket{`+chosen+`, route=~"$route"}`, "le"),
				},
				{
					Title: "Latency by route, 95 %", Unit: "s", Description: "Streams and downloads take as long as they take.",
					Queries: slow(`kubera_proxy_request_duration_seconds_bucket{`+chosen+`, route=~"$route"}`, "route", ""),
				},
				{
					Title: "Requests under way", Unit: "short", Stack: true, Description: "By Gateway, WebSockets included.",
					Queries: one(`sum by (gateway) (kubera_proxy_requests_in_flight{`+chosen+`})`, "{{gateway}}"),
				},
			}},
			{Title: "Backends", Panels: backendPanels()},
			{Title: "Connections of clients", Panels: []grafana.Panel{
				{
					Title: "Connections", Unit: "short", Description: "By address of the proxies, and transport.",
					Queries: one(`sum by (gateway, address, transport) (kubera_proxy_connections{`+chosen+`})`,
						"{{gateway}} {{address}} {{transport}}"),
				},
				{
					Title: "Connections of the bound", Unit: "percentunit", Description: "Where limits.maxConnections is set, of the fullest proxy.",
					Queries: one(`max by (gateway, address, transport) (kubera_proxy_connections{`+chosen+`}
/ kubera_proxy_connections_limit{`+chosen+`})`,
						"{{gateway}} {{address}} {{transport}}"),
				},
				{
					Title: "Certificates", Kind: grafana.Table, Unit: "s", Description: "Time until the first one of a listener expires.",
					Queries: one(`min by (listener) (kubera_proxy_listener_certificate_expiry_timestamp_seconds{`+chosen+`}) - time()`, ""),
				},
			}},
			{Title: "TLS, TCP and UDP routes", Panels: streamPanels()},
		},
	}
}

func gatewayStats() []grafana.Panel {
	return []grafana.Panel{
		{
			Title: "Programmed", Kind: grafana.Stat, Unit: "short", Least: new(1.0), Description: "1 if all chosen Gateways are.",
			Queries: one(`min(kubera_controller_gateway_condition{condition="Programmed", `+chosen+`})`, ""),
		},
		{
			Title: "Proxies", Kind: grafana.Stat, Unit: "short", Least: new(1.0), Description: "Pods that run what they should.",
			Queries: one(`sum(kubera_controller_proxies{state="current", `+chosen+`})`, ""),
		},
		{
			Title: "Requests", Kind: grafana.Stat, Unit: "reqps", Description: "Answered, of any status.",
			Queries: one(`sum(rate(kubera_proxy_requests_total{`+chosen+`}[$__rate_interval]))`, ""),
		},
		{
			Title: "5xx", Kind: grafana.Stat, Unit: "percentunit", Thresholds: []float64{.01, .05}, Description: "Part of the requests.",
			Queries: one(`sum(rate(kubera_proxy_requests_total{code="5xx", `+chosen+`}[$__rate_interval]))
/ sum(rate(kubera_proxy_requests_total{`+chosen+`}[$__rate_interval]))`, ""),
		},
		{
			Title: "Latency, 95 %", Kind: grafana.Stat, Unit: "s", Thresholds: []float64{1, 2.5}, Description: "To the end of the response.",
			Queries: one(`histogram_quantile(0.95, sum by (le) (rate(kubera_proxy_request_duration_seconds_bucket{`+chosen+`}[$__rate_interval])))`, ""),
		},
		{
			Title: "Connections of clients", Kind: grafana.Stat, Unit: "short", Description: "Open ones.",
			Queries: one(`sum(kubera_proxy_connections{`+chosen+`})`, ""),
		},
	}
}

func backendPanels() []grafana.Panel {
	return []grafana.Panel{
		{
			Title: "Tries at endpoints", Unit: "reqps", Stack: true, Description: "By what became of them.",
			Queries: one(`sum by (outcome) (rate(kubera_proxy_upstream_requests_total[$__rate_interval])`+ofChosen+`)`, "{{outcome}}"),
		},
		{
			Title: "Tries without a response", Unit: "reqps", Description: "By backend.",
			Queries: one(`sum by (backend) (rate(kubera_proxy_upstream_requests_total{outcome=~"error|timeout|retried"}[$__rate_interval])`+ofChosen+`)`,
				"{{backend}}"),
		},
		{
			Title: "Ready endpoints", Unit: "short", Description: "As the proxy knows that knows fewest.",
			Queries: one(`min by (backend) (kubera_proxy_upstream_endpoints_ready`+ofChosen+`)`, "{{backend}}"),
		},
		{
			Title: "Connections to endpoints", Unit: "short", Description: "Open ones, idle ones included.",
			Queries: one(`sum by (backend) (kubera_proxy_upstream_connections`+ofChosen+`)`, "{{backend}}"),
		},
		{
			Title: "Copies of requests", Unit: "reqps", Description: "Sent by mirrors, by what became of them.",
			Queries: one(`sum by (backend, outcome) (rate(kubera_proxy_mirrored_requests_total[$__rate_interval])`+ofChosen+`)`, "{{backend}} {{outcome}}"),
		},
	}
}

func streamPanels() []grafana.Panel {
	rate := func(metric, by string) string {
		return `sum by (` + by + `) (rate(` + metric + `{` + chosen + `}[$__rate_interval]))`
	}
	return []grafana.Panel{
		{
			Title: "Connections by route", Unit: "short", Description: "Of TLS and TCP listeners, and sessions of UDP.",
			Queries: one(`sum by (route) (kubera_proxy_tcp_connections{`+chosen+`} or kubera_proxy_udp_sessions{`+chosen+`})`, "{{route}}"),
		},
		{
			Title: "Ends of connections", Unit: "cps", Description: "Of TLS and TCP listeners, by outcome.",
			Queries: one(rate("kubera_proxy_tcp_connections_ended_total", "outcome"), "{{outcome}}"),
		},
		{
			Title: "Bytes", Unit: "Bps", Description: "Of TLS, TCP and UDP, from clients and to them.",
			Queries: []grafana.Query{
				{Expr: rate("kubera_proxy_tcp_bytes_total", "direction"), Legend: "TCP {{direction}}"},
				{Expr: rate("kubera_proxy_udp_bytes_total", "direction"), Legend: "UDP {{direction}}"},
			},
		},
		{
			Title: "Datagrams dropped", Unit: "pps", Description: "By reason.",
			Queries: one(rate("kubera_proxy_udp_datagrams_dropped_total", "listener, reason"), "{{listener}} {{reason}}"),
		},
	}
}
