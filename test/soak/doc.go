// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package soak shows that changes cost nothing: it keeps a kubera-proxy process
// under load, with a WebSocket, a download and a gRPC stream open all the time,
// while routes, endpoints, certificates and listeners change around them, and
// fails at the first request that is lost and the first stream that is cut.
//
// It is made of tests only. The time it takes is a flag: a few seconds by
// default, a minute by make soak.
package soak
