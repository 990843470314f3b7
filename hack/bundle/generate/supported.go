// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package generate

// Supported are the kinds of manifests that the lifecycle manager takes.
var Supported = map[string]bool{
	"ClusterServiceVersion":    true,
	"CustomResourceDefinition": true,
	"ClusterRole":              true,
	"ClusterRoleBinding":       true,
	"Role":                     true,
	"RoleBinding":              true,
	"Service":                  true,
	"ServiceAccount":           true,
	"Secret":                   true,
	"ConfigMap":                true,
	"PodDisruptionBudget":      true,
	"PriorityClass":            true,
	"VerticalPodAutoscaler":    true,
	"PrometheusRule":           true,
	"ServiceMonitor":           true,
	"PodMonitor":               true,
	"NetworkPolicy":            true,
	"ConsoleYAMLSample":        true,
	"ConsoleQuickStart":        true,
	"ConsoleCLIDownload":       true,
	"ConsoleLink":              true,
	"ConsolePlugin":            true,
}
