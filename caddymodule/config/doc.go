// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config is the contract between those who decide what a proxy serves
// (the controller, kubera run) and the proxy that serves it: JSON types, their
// validation, and the difference between two configurations.
//
// It imports neither Caddy nor Kubernetes. A Config is complete: inlined as
// apps.gateway.config of a Caddy JSON document it is all that kubera-proxy needs.
// The objects in it are named and refer to each other by name, so that a change
// of one of thousands travels as a small Delta, and endpoints, which change most,
// travel by themselves as EndpointsUpdate.
//
// Values of this package are plain data. Whoever hands one to a runtime or keeps
// one from it must not modify it afterwards.
package config
