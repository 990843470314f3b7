// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package infra says which Kubernetes objects a Gateway needs to be served: a
// ServiceAccount, a Deployment of proxies, the Service in front of them, a
// PodDisruptionBudget, a NetworkPolicy and, if wished for, a HorizontalPodAutoscaler.
//
// It is pure: the same Input gives the same objects. Whoever calls it applies
// them, by server-side apply, since fields that nobody asked for are left out.
//
// The pods don't depend on the listeners of the Gateway: a listener that comes or
// goes changes the Service, the NetworkPolicy and what is pushed to the proxies, and
// restarts nothing.
package infra
