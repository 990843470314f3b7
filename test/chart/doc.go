// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart checks the Helm chart charts/kubera without a cluster: that it deploys
// what config/default does, that its values do what they say, and that wrong ones are
// refused. "make test-chart" runs it, with the helm and the kustomize that it builds.
package chart
