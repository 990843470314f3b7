// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package parameters turns the GatewayClassParameters of a class and the
// GatewayParameters of a Gateway into the one set of parameters that holds for
// the Gateway: Merge joins them, Validate says what is wrong with the result, and
// Defaults fills in what neither of them says.
//
// All functions are pure: they neither modify nor keep what they are given.
package parameters
