// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance runs the conformance suite of the Gateway API against a
// cluster with Kubera, as it is deployed. "make conformance" calls it.
//
// It is a module of its own, which keeps what only the suite needs out of Kubera's.
// Modules that both need have the same version here as there: they are compiled once.
package conformance
