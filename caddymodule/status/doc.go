// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status serves what a cluster asks a proxy process about itself, in
// plain HTTP on a port of its own:
//
//   - GET /healthz is 200 as long as the process can answer.
//   - GET /readyz is 200 when traffic may be sent here, else 503 with the reason.
//   - GET /metrics is in the Prometheus format.
package status
