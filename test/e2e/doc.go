// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e checks Kubera in a real cluster, deployed by "make deploy": with the
// images, the roles and the admission that users have. "make test-e2e" runs it, in
// the test cluster or in another one.
package e2e
