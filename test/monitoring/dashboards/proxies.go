// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import "github.com/kubera-dev/kubera/test/monitoring/grafana"

func proxies() grafana.Dashboard {
	return grafana.Dashboard{
		UID: "kubera-proxies", Title: "Kubera / Proxies",
		Description: "The proxy pods of Gateways: what they run, and what they need.",
		Variables:   gatewayVariables,
		Rows: []grafana.Row{
			{Title: "Configuration", Panels: []grafana.Panel{
				{
					Title: "Proxies by state", Unit: "short", Stack: true, Description: "As the controller knows them.",
					Queries: one(`sum by (state) (kubera_controller_proxies{`+chosen+`})`, "{{state}}"),
				},
				{
					Title: "Versions of configurations", Kind: grafana.Table, Unit: "short", Description: "Proxies that run them.",
					Queries: one(`count by (version) (kubera_proxy_config_info`+ofChosen+`)`, ""),
				},
				{
					Title: "Pushes", Unit: "short", Description: "That the proxies got, a second, by what became of them.",
					Queries: one(`sum by (result) (rate(kubera_proxy_config_pushes_total[$__rate_interval])`+ofChosen+`)`, "{{result}}"),
				},
				{
					Title: "Age of the last push", Unit: "s", Description: "That was applied. Old ones are no fault: nothing has changed.",
					Queries: one(`time() - (kubera_proxy_config_last_push_success_timestamp_seconds > 0)`+ofChosen, "{{pod}}"),
				},
			}},
			{Title: "Resources", Panels: []grafana.Panel{
				{
					Title: "CPU", Unit: "short", Description: "Cores.",
					Queries: one(`rate(process_cpu_seconds_total[$__rate_interval])`+ofChosen, "{{pod}}"),
				},
				{
					Title: "Memory", Unit: "bytes", Description: "Resident.",
					Queries: one(`process_resident_memory_bytes`+ofChosen, "{{pod}}"),
				},
				{
					Title: "File descriptors", Unit: "percentunit", Description: "Of those that the process may have.",
					Queries: one(`process_open_fds / process_max_fds`+ofChosen, "{{pod}}"),
				},
				{
					Title: "Goroutines", Unit: "short", Description: "Some for each connection.",
					Queries: one(`go_goroutines`+ofChosen, "{{pod}}"),
				},
			}},
			{Title: "Load", Panels: []grafana.Panel{
				{
					Title: "Requests by proxy", Unit: "reqps", Description: "Uneven where clients keep few connections for long.",
					Queries: one(`sum by (pod) (rate(kubera_proxy_requests_total{`+chosen+`}[$__rate_interval]))`, "{{pod}}"),
				},
				{
					Title: "Connections by proxy", Unit: "short", Description: "Of clients.",
					Queries: one(`sum by (pod) (kubera_proxy_connections{`+chosen+`})`, "{{pod}}"),
				},
				{
					Title: "Sessions of UDP by proxy", Unit: "short", Description: "That began less those that ended.",
					Queries: one(`sum by (pod) (kubera_proxy_udp_sessions{`+chosen+`})`, "{{pod}}"),
				},
				{
					Title: "Uptime", Kind: grafana.Table, Unit: "s", Description: "Since the program began.",
					Queries: one(`max by (pod) (time() - process_start_time_seconds`+ofChosen+`)`, ""),
				},
			}},
		},
	}
}
