// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubera-proxy is the data plane of Kubera: Caddy with the gateway app,
// and none of Caddy's own apps.
//
// "kubera-proxy serve" is what runs in a proxy pod: it takes its configuration
// over the control port; "kubera-proxy fdstore", beside it, has its listening sockets
// while it is killed and started again. "kubera-proxy run --config caddy.json" serves a Caddy
// configuration that holds everything, as "kubera translate" prints it.
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	// The modules that this Caddy has: events, the log encoders and writers, and
	// ours. An app or module of somebody else is added here.
	_ "github.com/caddyserver/caddy/v2/modules/caddyevents"
	_ "github.com/caddyserver/caddy/v2/modules/logging"

	_ "github.com/kubera-dev/kubera/caddymodule"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

func init() {
	caddy.CustomBinaryName = "kubera-proxy"
	caddy.CustomVersion = version
	caddy.CustomLongDescription = `kubera-proxy is the data plane of Kubera, a Kubernetes Gateway API
implementation: Caddy with the gateway app.

Use 'kubera-proxy serve' to serve what a controller pushes, and
'kubera-proxy run --config caddy.json' to serve a Caddy configuration.`
	caddycmd.RegisterCommand(serveCommand)
	caddycmd.RegisterCommand(fdstoreCommand)
}

func main() {
	giveHeadroom()
	caddycmd.Main()
}
