// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance runs the conformance suite of the Gateway API against a
// cluster with Kubera, as it is deployed. "make conformance" calls it.
//
// It is a module of its own, because the suite pins other versions of the
// libraries of Kubernetes than Kubera does.
package conformance
