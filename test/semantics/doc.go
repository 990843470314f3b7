// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package semantics holds the way from manifests to answers to what the Gateway
// API's conformance suite checks. Each case has the name of a conformance test:
// objects of testdata are read, translated, rendered and served by the data plane
// in this process, and the requests of the conformance test are made. Conditions,
// reasons and counts of the statuses are compared as well. What needs a cluster,
// such as provisioned objects, is tested by test/envtest.
package semantics
