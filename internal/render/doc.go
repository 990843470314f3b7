// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render turns the model of Gateways into the configuration of proxies.
// Its functions are pure, and equal models give equal bytes.
package render
