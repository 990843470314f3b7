// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Package caddymodule makes the data plane of Kubera a Caddy app.
//
// The app, named gateway, owns its sockets and serves what a [config.Config] says.
// That comes inline in the Caddy JSON, over a control port with mutual TLS, or
// through Caddy's own admin API (module admin.api.gateway); all three end in the
// one [runtime.Runtime] of the process, which applies the difference to what it
// serves. The Runtime, and the control and status ports, survive a reload of
// Caddy's configuration: a reload closes no connection and loses no request.
//
// Of Caddy's own http app nothing takes part.
package caddymodule
