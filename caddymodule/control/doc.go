// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package control is the channel through which a controller changes what a proxy
// serves: the HTTP interface that package config describes, and the listener
// that serves it over mutual TLS.
//
// The listener speaks TLS 1.3 and HTTP/2 only and lives as long as the process.
// It serves clients whose certificate was issued by the CA in its directory and
// names exactly one URI, the configured one. Others don't get past the handshake.
package control
