// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests the alerts and dashboards in config/: that Prometheus
// understands them, that they name metrics and labels of docs/metrics.md only, that
// each alert fires when it should and not when it should not, and that docs/alerts.md
// explains each.
//
// It is a module of its own, which keeps Prometheus out of Kubera's.
package monitoring
