// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards

import "github.com/kubera-dev/kubera/test/monitoring/grafana"

// ofController leaves the series of our controller among those of other programs with
// the same libraries.
const ofController = ` and on (namespace, pod, instance) kubera_controller_build_info`

func controller() grafana.Dashboard {
	return grafana.Dashboard{
		UID: "kubera-controller", Title: "Kubera / Controller",
		Description: "How changes get from objects to proxies.",
		Rows: []grafana.Row{
			{Title: "From a change to the proxies", Panels: []grafana.Panel{
				{
					Title: "Waiting for translation", Unit: "s", Description: "Time in the queue, 95 %.",
					Queries: slow(`workqueue_queue_duration_seconds_bucket`, "name", ofController),
				},
				{
					Title: "Translation", Unit: "s", Description: "Of one Gateway.",
					Queries: quantiles("kubera_controller_translation_duration_seconds_bucket", "le"),
				},
				{
					Title: "Propagation", Unit: "s", Description: "From the translation until a proxy runs it.",
					Queries: quantiles("kubera_controller_propagation_duration_seconds_bucket", "le"),
				},
			}},
			{Title: "Pushes", Panels: []grafana.Panel{
				{
					Title: "Pushes by result", Unit: "short", Stack: true, Description: "A second.",
					Queries: one(`sum by (kind, result) (rate(kubera_controller_pushes_total[$__rate_interval]))`, "{{kind}} {{result}}"),
				},
				{
					Title: "Duration of pushes, 95 %", Unit: "s", Description: "From sending to the answer.",
					Queries: slow(`kubera_controller_push_duration_seconds_bucket`, "kind", ""),
				},
				{
					Title: "Proxies", Unit: "short", Stack: true, Description: "By state, of all Gateways.",
					Queries: one(`sum by (state) (kubera_controller_proxies)`, "{{state}}"),
				},
			}},
			{Title: "Reconciliation", Panels: []grafana.Panel{
				{
					Title: "Reconciliations", Unit: "ops", Description: "By controller and result.",
					Queries: one(`sum by (controller, result) (rate(controller_runtime_reconcile_total[$__rate_interval])`+ofController+`)`,
						"{{controller}} {{result}}"),
				},
				{
					Title: "Time of reconciliations, 95 %", Unit: "s", Description: "By controller.",
					Queries: slow(`controller_runtime_reconcile_time_seconds_bucket`, "controller", ofController),
				},
				{
					Title: "Queues", Unit: "short", Description: "Objects that wait.",
					Queries: one(`sum by (name) (workqueue_depth`+ofController+`)`, "{{name}}"),
				},
				{
					Title: "Requests to the API server", Unit: "reqps", Description: "By method and status.",
					Queries: one(`sum by (method, code) (rate(rest_client_requests_total[$__rate_interval])`+ofController+`)`, "{{method}} {{code}}"),
				},
			}},
			{Title: "Processes", Panels: []grafana.Panel{
				{
					Title: "Leader", Unit: "short", Description: "1 for the one that leads.",
					Queries: one(`leader_election_master_status{name="0b6d3d4c.gateway.kubera.dev"}`, "{{pod}}"),
				},
				{
					Title: "CPU", Unit: "short", Description: "Cores.",
					Queries: one(`rate(process_cpu_seconds_total[$__rate_interval])`+ofController, "{{pod}}"),
				},
				{
					Title: "Memory", Unit: "bytes", Description: "Resident, and of Go's heap.",
					Queries: []grafana.Query{
						{Expr: `process_resident_memory_bytes` + ofController, Legend: "{{pod}} resident"},
						{Expr: `go_memstats_heap_alloc_bytes` + ofController, Legend: "{{pod}} heap"},
					},
				},
				{
					Title: "Authority of the control channel", Kind: grafana.Table, Unit: "s", Description: "Time to its expiry.",
					Queries: one(`min(kubera_controller_authority_certificate_expiry_timestamp_seconds) - time()`, ""),
				},
			}},
		},
	}
}
